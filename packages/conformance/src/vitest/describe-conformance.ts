// SPDX-License-Identifier: MIT
import type { Strategy } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { CASES } from '../suite/cases.ts';
import { fits } from '../suite/fits.ts';
import { checkStrategy, type OwnStrategy } from '../strategy/check-strategy.ts';
import { type ConformanceOptions, runConformance } from '../suite/run-conformance.ts';

/**
 * One test per named case, and one of the random histories. Fails on every invariant that falls, with the history that
 * shows it in the message.
 */
export function describeConformance(given: OwnStrategy, options: ConformanceOptions = {}): void {
  const strategy = checkStrategy(given);
  const { regimes = strategy.capabilities.regimes, runs = 600, seed = 1 } = options;
  describe(`${strategy.id} conforms`, () => {
    for (const testCase of options.cases ?? CASES) {
      if (!regimes.some((regime) => fits(testCase, strategy, regime))) continue;
      test(`${testCase.id}: ${testCase.fact}`, () => {
        expect(failuresOf(strategy, { ...options, regimes, cases: [testCase], runs: 0 })).toEqual([]);
      });
    }
    test(`${runs} random histories from seed ${seed} break nothing`, () => {
      expect(failuresOf(strategy, { ...options, regimes, cases: [], runs, seed })).toEqual([]);
    });
  });
}

function failuresOf(strategy: Strategy, options: ConformanceOptions): string[] {
  const { cells, failedCases } = runConformance(strategy, options);
  const broken = cells.flatMap((cell) => cell.broken);
  if (broken.length === 0) return failedCases.map((id) => `${id} is undecided: an operation inside another one waits half done`);
  return broken.map(({ invariant, history, explanation }) => `${invariant}: ${explanation}\n  ${history}`);
}
