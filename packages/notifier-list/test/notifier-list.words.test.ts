// SPDX-License-Identifier: MIT
/* What notifier-list remembers, as words: nothing lost, nothing too much, and a search that goes by them. */
import { createSmallCast, describeFollowerWords, findHoldingBreach, maskingWords, storedWords } from '@sda-lab/conformance/vitest';
import { ERRNO, type Words } from '@sda-lab/guest-memory';
import { notifierList } from '@sda-lab/notifier-list';
import { describe, expect, test } from 'vitest';

/** Words of the guest of `findHoldingBreach`: one block of 36 pages, one of 8; c2 follows on both sides. */
const AT = { shared: 0, mapped: 3, parts: 35, end: 37 };
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

describe('words of notifier-list', () => {
  test('words/laws: what is loaded is stored, seen and answered as what was left, and equal words are equal states', () => {
    expect(findHoldingBreach(notifierList, 250)).toBeUndefined();
  });

  test.each<[string, Plant, RegExp]>([
    ['shared pages of the first 32', maskingWords(AT.shared, AT.shared + 1), /looks like/],
    ['shared pages above', maskingWords(AT.shared + 1, AT.shared + 2), /looks like/],
    ['shared pages of the second block', maskingWords(AT.shared + 2, AT.mapped), /looks like/],
    ['what c0 has mapped', maskingWords(AT.mapped, AT.mapped + 8), /mapped twice/],
    ['what c1 has mapped', maskingWords(AT.mapped + 8, AT.mapped + 16), /mapped twice/],
    ['what c2 has mapped, on both sides', maskingWords(AT.mapped + 16, AT.parts), /answers/],
    ['which source a block has', maskingWords(AT.parts, AT.parts + 1, ~SOURCES), /looks like/],
    ['who follows', standingsMasked(LEFT_OVER), /a section it follows/],
    ['what is left over', standingsMasked(FOLLOWS), /answers/],
  ])('words/planted: words that forget %s are caught', (_what, plant, says) => {
    expect(caught(plant)).toMatch(says);
  });
});

function caught(plant: Plant): string {
  try {
    return findHoldingBreach(notifierList, 250, plant) ?? 'nothing';
  } catch (error) {
    return String(error);
  }
}

// Shared, mapped by c0 and c1 on each side; what is plugged the source itself says.
describeFollowerWords(notifierList, { empty: [0, 0, 0, 0, 0], shared: [0b110, 0b110, 0b1001, 0, 2 | 0b0101 << 8] });

test('words/load-source: whoever follows hears of the blocks of a source that a load brought, and of no other', () => {
  const one = createSmallCast(notifierList);
  const { block, section } = one;
  const other = createSmallCast(notifierList);
  one.instance.subscribe(one.cast.consumers[0]!, section);
  one.instance.attachSource(block, one.cast.sources[0]!);
  other.instance.subscribe(other.cast.consumers[0]!, section);
  other.instance.attachSource(block, other.cast.sources[1]!);
  other.instance.words!(other.cast).load(Int32Array.from(storedWords(one.instance.words!(one.cast))), 0);
  other.calls.length = 0;
  expect(other.instance.plug.willPlug(other.cast.sources[0]!, { block, firstPage: 4, endPage: 8 })).toBe(0);
  expect(other.calls).toEqual(['map c0 private 4+4']);
  expect(other.instance.detachSource(block, other.cast.sources[1]!)).toBe(-ERRNO.ENOENT);
});
