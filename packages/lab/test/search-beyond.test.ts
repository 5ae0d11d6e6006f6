// SPDX-License-Identifier: MIT
// What is on file as outside the standard bound: each history shows what it is said to show, and lies where it is said to.
import { parseHistory, printHistory, runHistory, STANDARD_BOUND } from '@sda-lab/conformance';
import { describe, expect, it } from 'vitest';
import { loadExpectations, STRATEGIES } from '../src/index.ts';
import { BEYOND_BOUND } from '../src/search/beyond-bound.ts';
import type { SearchRequest } from '../src/search/search-request.ts';
import { whyBeyond } from '../src/search/why-beyond.ts';

const standard = (regime: SearchRequest['regime']): SearchRequest => {
  return { model: 'world', named: false, ...STANDARD_BOUND, regime, races: true, symmetry: [], everyStep: false, without: [], depth: null, memoryMiB: 64 };
};
const rows = BEYOND_BOUND.map((row) => [`${row.strategy}, ${row.regime}: ${row.invariant} ${row.reach}`, row] as const);

describe.each(rows)('%s', (_, { strategy, regime, invariant, reach, history }) => {
  it('is shown by its history', () => {
    const parsed = parseHistory(history);
    expect(printHistory(parsed)).toBe(history);
    const { violations } = runHistory(STRATEGIES.find(({ id }) => id === strategy)!, parsed);
    expect(violations).toContainEqual(expect.objectContaining({ invariant, reach }));
    expect(parsed.world.regime).toBe(regime);
  });

  it('lies outside the bound, races or not', () => {
    expect(whyBeyond(history, strategy, standard(regime), { invariant, reach })).not.toEqual([]);
  });

  it('is expected', () => {
    const isIt = (row: ReturnType<typeof loadExpectations>['rows'][number]): boolean =>
      row.strategy === strategy && row.regime === regime && row.invariant === invariant && 'reach' in row && row.reach === reach;
    expect(loadExpectations().rows.some(isIt)).toBe(true);
  });
});

it('nothing is on file twice', () => {
  expect(new Set(rows.map(([name]) => name)).size).toBe(rows.length);
});

it('what is told when the guest has nothing else to do is said to be', () => {
  const { history, strategy } = BEYOND_BOUND.find(({ regime }) => regime === 'in-place')!;
  expect(whyBeyond(history, strategy, standard('in-place'), { invariant: 'progress', reach: 'live' })).toEqual(['it is seen at the end of a history only']);
});
