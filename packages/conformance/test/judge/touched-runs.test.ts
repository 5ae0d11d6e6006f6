// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TouchedRuns } from '../../src/judge/touched-runs.ts';
import { settings } from '../support/settings.ts';

const runs = fc.array(
  fc.record({ first: fc.nat(20), length: fc.integer({ min: 1, max: 5 }) }).map(({ first, length }) => ({ first, end: first + length })),
  { maxLength: 20 },
);

/** Positions in the order in which they were touched first. */
function inOrder(list: readonly { first: number; end: number }[]): number[] {
  return [...new Set(list.flatMap(({ first, end }) => Array.from({ length: end - first }, (_, at) => first + at)))];
}

test('runs are the positions that were added, in the order they were met first', () => {
  fc.assert(
    fc.property(runs, runs, (earlier, list) => {
      const touched = new TouchedRuns();
      touched.addAll(earlier);
      touched.clear();
      touched.addAll(list);
      expect(inOrder(touched.toRuns())).toEqual(inOrder(list));
      const one = Array.from({ length: touched.count }, (_, at) => ({ first: touched.first(at), end: touched.end(at) }));
      expect(one).toEqual(touched.toRuns());
    }),
    settings(500),
  );
});

test('page by page is one run, and what lies in one of the last four is none', () => {
  const touched = new TouchedRuns();
  for (const [first, end] of [[0, 1], [1, 2], [2, 4], [8, 9], [1, 3], [10, 11], [8, 9]] as const) touched.add(first, end);
  expect(touched.toRuns()).toEqual([{ first: 0, end: 4 }, { first: 8, end: 9 }, { first: 10, end: 11 }]);
});
