// SPDX-License-Identifier: MIT
import type { SearchedStrategy } from '../../src/search/search-document.ts';

/**
 * What a search in parts must say as the whole one does: all but its speed, which of several equally long histories it
 * tells, and where refusals are shortcuts how long the longest and whether none is shorter.
 */
export function foundFacts(strategy: SearchedStrategy): unknown {
  const found = strategy.counterexamples.map(({ invariant, reach }) => [invariant, reach]);
  return { ...strategy, seconds: 0, transitionsPerSecond: 0, depth: 0, isShortest: true, counterexamples: found };
}
