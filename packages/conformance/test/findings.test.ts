// SPDX-License-Identifier: MIT
import type { Strategy } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { CASES, type ConformanceOptions, explain, type Finding, KERNEL_BACKENDS, parseHistory, runConformance, runHistory, uncoordinated } from '../src/index.ts';
import { believesRetries, keepsTheSide } from './strategies/conversion-faults.ts';
import { doesNotClip, losesEvenPages, mapsTwice, neverUnmaps } from './strategies/mapping-faults.ts';
import { ignoresPlugged } from './strategies/state-faults.ts';

const BROKEN: readonly Strategy[] = [uncoordinated, neverUnmaps, mapsTwice, doesNotClip, keepsTheSide, believesRetries, ignoresPlugged];

function findingsOf(strategy: Strategy, options: ConformanceOptions): Finding[] {
  return runConformance(strategy, { backends: KERNEL_BACKENDS, ...options }).cells.flatMap(({ broken }) => broken);
}

interface Told {
  /** The line itself, so that a difference shows it. */
  readonly line: string;
  readonly reach?: string;
  readonly explanation?: string;
}

function printedOf({ history: line, reach, explanation }: Finding): Told {
  return { line, reach, explanation };
}

/** What a reader who pastes the line gets for the finding's invariant. */
function replayed(strategy: Strategy, { history: line, invariant }: Finding): Told {
  const history = parseHistory(line);
  const violation = runHistory(strategy, history).violations.find((one) => one.invariant === invariant);
  return violation === undefined ? { line } : { line, reach: violation.reach, explanation: explain(violation, history) };
}

describe.each(BROKEN.map((strategy) => [strategy.id, strategy] as const))('%s', (_, strategy) => {
  test('each shrunk counterexample replays to the violation it was printed for', () => {
    const findings = findingsOf(strategy, { cases: [], regimes: ['two-backend'], runs: 400, seed: 7 });
    expect(findings.length).toBeGreaterThan(0);
    for (const finding of findings) {
      expect(finding.case).toMatch(/^property seed=\d+$/);
      expect(replayed(strategy, finding)).toEqual(printedOf(finding));
    }
  });
});

test('each history of a named case replays to the violation it was printed for', () => {
  const written = CASES.filter(({ setUp }) => setUp === 'as-written');
  for (const strategy of [uncoordinated, ignoresPlugged]) {
    const findings = findingsOf(strategy, { cases: written, runs: 0 }).filter(({ seenIn }) => seenIn === 'state');
    expect(findings.length).toBeGreaterThan(0);
    for (const finding of findings) {
      expect(CASES.map(({ id }) => id)).toContain(finding.case);
      expect(replayed(strategy, finding)).toEqual(printedOf(finding));
    }
  }
});

test('a counterexample is shrunk: one page, one container, few operations', () => {
  const [lost] = findingsOf(losesEvenPages, { cases: [], runs: 400, backends: ['type1v2'], regimes: ['two-backend'] });
  const { world, operations } = parseHistory(lost!.history);
  expect(lost!.invariant).toBe('complete');
  expect([world.pages, world.vmem, world.containers.length]).toEqual([1, [], 1]);
  expect(operations.length).toBeLessThanOrEqual(4);
});

test('a finding of a cell is one per invariant and reach, in the order of the invariants', () => {
  const { cells } = runConformance(uncoordinated, { cases: CASES.slice(0, 20), runs: 100 });
  for (const { broken } of cells) {
    const keys = broken.map(({ invariant, reach }) => `${invariant} ${reach}`);
    expect(new Set(keys).size).toBe(keys.length);
  }
});
