// SPDX-License-Identifier: MIT
// Every design of the lab goes by runs as it goes page by page: the same answers, verdicts, witnesses and costs.
import { type History, randomHistory, runHistory, WORLD_BACKENDS } from '@sda-lab/conformance';
import type { PageStorage, Strategy } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STRATEGIES } from '../src/index.ts';

const HISTORIES = 40;

function seen(strategy: Strategy, history: History, storage: PageStorage): unknown {
  const { steps, violations, witnesses, stopped, cost, reports } = runHistory(strategy, history, { storage });
  return {
    answers: steps.map(({ answer }) => answer),
    // Identities of frames are names, which each storage gives itself.
    found: violations.map(({ invariant, reach, operationIndex, evidence: { reason, container, position } }) => ({ invariant, reach, operationIndex, reason, container, position })),
    complete: witnesses.count('complete'),
    coherent: witnesses.count('coherent'),
    stopped,
    cost,
    reports: reports.length,
  };
}

const historyOf = (strategy: Strategy): fc.Arbitrary<History> =>
  fc
    .tuple(fc.constantFrom(...WORLD_BACKENDS), fc.constantFrom(...strategy.capabilities.regimes))
    .chain(([backend, regime]) => randomHistory(strategy, backend, regime));

describe('storage by runs', () => {
  it.each(STRATEGIES.map((strategy) => [strategy.id, strategy] as const))('%s: what is seen is what exact storage shows', (_id, strategy) => {
    fc.assert(
      fc.property(historyOf(strategy), fc.constantFrom(2, 4, 8), (history, leafPages) => {
        expect(seen(strategy, history, { leafPages })).toEqual(seen(strategy, history, 'exact'));
      }),
      { seed: 61, numRuns: HISTORIES },
    );
  });
});
