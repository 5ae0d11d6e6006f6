// SPDX-License-Identifier: MIT
/* What extended-rdm remembers, as words: nothing lost, nothing too much, and a search that goes by them. */
import { describeFollowerWords, findHoldingBreach, maskingWords } from '@sda-lab/conformance/vitest';
import type { Words } from '@sda-lab/guest-memory';
import { extendedRdm } from '@sda-lab/rdm-manager';
import { describe, expect, test } from 'vitest';

/** Words of the guest of `findHoldingBreach`: one block of 36 pages, one of 8; c2 follows on both sides. */
const AT = { shared: 0, plugged: 2, mapped: 6, parts: 38, end: 40 };
/** The first word of who takes part: the sources of both blocks. */
const SOURCES = 0xffff;
/** Of the two bits of each tracker the one that says it follows, and the one that says it is left over. */
const FOLLOWS = 0x5555_5555;
const LEFT_OVER = ~FOLLOWS;

type Plant = (words: Words) => Words;

/** Of every tracker just these bits. */
const standingsMasked = (mask: number): Plant => {
  const [first, rest] = [maskingWords(AT.parts, AT.parts + 1, SOURCES | mask), maskingWords(AT.parts + 1, AT.end, mask)];
  return (words) => rest(first(words));
};

describe('words of extended-rdm', () => {
  test('words/laws: what is loaded is stored, seen and answered as what was left, and equal words are equal states', () => {
    expect(findHoldingBreach(extendedRdm, 250)).toBeUndefined();
  });

  test.each<[string, Plant, RegExp]>([
    ['shared pages of the first 32', maskingWords(AT.shared, AT.shared + 1), /looks like/],
    ['shared pages above', maskingWords(AT.shared + 1, AT.plugged), /looks like/],
    ['plugged pages', maskingWords(AT.plugged, AT.plugged + 2), /looks like/],
    ['shared pages of the second block', maskingWords(AT.plugged + 2, AT.plugged + 3), /looks like/],
    ['plugged pages of the second block', maskingWords(AT.plugged + 3, AT.mapped), /looks like/],
    ['what c0 has mapped', maskingWords(AT.mapped, AT.mapped + 8), /mapped twice/],
    ['what c1 has mapped', maskingWords(AT.mapped + 8, AT.mapped + 16), /mapped twice/],
    ['what c2 has mapped, on both sides', maskingWords(AT.mapped + 16, AT.parts), /answers/],
    ['which source a block has', maskingWords(AT.parts, AT.parts + 1, ~SOURCES), /answers/],
    ['who follows', standingsMasked(LEFT_OVER), /a section it follows/],
    ['what is left over', standingsMasked(FOLLOWS), /answers/],
  ])('words/planted: words that forget %s are caught', (_what, plant, says) => {
    expect(caught(plant)).toMatch(says);
  });
});

function caught(plant: Plant): string {
  try {
    return findHoldingBreach(extendedRdm, 250, plant) ?? 'nothing';
  } catch (error) {
    return String(error);
  }
}

// Shared, plugged, mapped by c0 and c1 on each side.
describeFollowerWords(extendedRdm, { empty: [0, 0xff, 0, 0, 0, 0], shared: [0b110, 0xf, 0b110, 0b1001, 0, 2 | 0b0101 << 8] });
