// SPDX-License-Identifier: MIT
import { createPerPageModel, search } from '@sda-lab/conformance';
import { findWordsBreach, maskingWords, unorderingWords } from '@sda-lab/conformance/vitest';
import { dmaMappingTracker } from '@sda-lab/notifier-list';
import { describe, expect, test } from 'vitest';

describe('words of the tracker', () => {
  test('tracker-words/laws: what is loaded is stored, seen and answered as what was left, and equal words are equal states', () => {
    expect(findWordsBreach(dmaMappingTracker, 300)).toBeUndefined();
  });

  // Two words of bits for the first region and one for the second; nine handlers of the first and three of the second.
  test.each([
    ['the first bits of a region', maskingWords(0, 1)],
    ['the last bits of a region', maskingWords(1, 2)],
    ['the bits of the second region', maskingWords(2, 3)],
    ['its handlers', maskingWords(3, 12)],
    ['which handler came first', unorderingWords(3, 12)],
    ['the handlers of the second region', maskingWords(12, 15)],
    ['which handler of the second region came first', unorderingWords(12, 15)],
  ])('tracker-words/planted: one that forgets %s is caught', (_what, plant) => {
    expect(findWordsBreach(dmaMappingTracker, 300, plant)).toMatch(/looks like|one word/);
  });

  test('tracker-words/per-page: all states of three pages, each reached anew', () => {
    const result = search(createPerPageModel(dmaMappingTracker, { pages: 3 }), { recheckedStates: 2000 });
    expect(result).toMatchObject({ complete: true, by: 'words', states: 1152, transitions: 19_584, unwitnessed: [] });
    expect(result.counterexamples.map(({ property, depth }) => `${property.invariant} ${depth}`)).toEqual([
      'complete 2', 'bounded 5', 'atomic 2', 'progress 4', 'hotplug 3', 'legal-calls 4',
    ]);
  });
});
