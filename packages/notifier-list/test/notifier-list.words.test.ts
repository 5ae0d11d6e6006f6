// SPDX-License-Identifier: MIT
/* What notifier-list remembers, as words: nothing lost, nothing too much, and a search that goes by them. */
import { createPerPageModel, search } from '@sda-lab/conformance';
import { findHoldingBreach, maskingWords } from '@sda-lab/conformance/vitest';
import { type Cast, type Consumer, ERRNO, type Host, type Instance, type RamBlock, type Section, type Words } from '@sda-lab/guest-memory';
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

const block: RamBlock = { name: 'ram', pageCount: 8, hostFirstPage: 0, hasGuestMemfd: true, isPluggable: true };
const section: Section = { name: 'ram', block, firstPage: 0, pageCount: 8, firstGfn: 0, readonly: false };
const host: Host = {
  regime: 'two-backend',
  isDiscardDisabled: false,
  setAttributes: () => 0,
  convertInPlace: () => 0,
  discard: () => 0,
  lock: () => true,
  unlock: () => undefined,
  exit: () => undefined,
};

interface Named {
  readonly instance: Instance;
  readonly cast: Cast;
  readonly stranger: Consumer;
  readonly calls: string[];
}

/** c0 takes both sides, c1 shared pages; a third is in no cast. */
function createNamed(): Named {
  const calls: string[] = [];
  const consumer = (name: string, sides: Consumer['sides']): Consumer => ({
    name,
    sides,
    smallestPages: 1,
    unmapShape: 'range',
    done: 0,
    mapRun: (_section, side, first, count) => (calls.push(`map ${name} ${side} ${first}+${count}`), 0),
    unmapRun: (_section, side, first, count) => (calls.push(`unmap ${name} ${side} ${first}+${count}`), name === 'c1' ? -ERRNO.EBUSY : 0),
  });
  const instance = notifierList.create(host, new Set());
  instance.addBlock(block);
  const sources = ['m0', 'm1'].map((name) => ({ name, granulePages: 4, isPlugged: (_first: number, end: number) => end <= 4 }));
  return { instance, cast: { consumers: [consumer('c0', 'both'), consumer('c1', 'shared')], sections: [section], sources }, stranger: consumer('c9', 'shared'), calls };
}

function stored(words: Words): number[] {
  const into = new Int32Array(words.count);
  words.store(into, 0);
  return [...into];
}

describe('words of notifier-list by hand', () => {
  test('words/layout: shared, mapped per consumer and side, the source beside who follows; the source says what is plugged', () => {
    const { instance, cast } = createNamed();
    const words = instance.words!(cast);
    expect(stored(words)).toEqual([0, 0, 0, 0, 0]);
    instance.attachSource(block, cast.sources[1]!);
    instance.subscribe(cast.consumers[0]!, section);
    instance.convert({ pages: { block, firstPage: 1, endPage: 3 }, gfns: { firstGfn: 1, endGfn: 3 } }, 'shared');
    expect(stored(words)).toEqual([0b110, 0b110, 0b1001, 0, 2 | 0b0101 << 8]);
    expect(words.isWhole).toBe(true);
  });

  test('words/load: followers are put in and out without a call, also those never met', () => {
    const one = createNamed();
    const other = createNamed();
    for (const consumer of one.cast.consumers) one.instance.subscribe(consumer, section);
    const [from, into] = [one.instance.words!(one.cast), other.instance.words!(other.cast)];
    into.load(Int32Array.from(stored(from)), 0);
    expect([stored(into), other.calls]).toEqual([stored(from), []]);
    other.instance.convert({ pages: { block, firstPage: 0, endPage: 1 }, gfns: { firstGfn: 0, endGfn: 1 } }, 'shared');
    expect(other.calls).toEqual(['unmap c0 private 0+1', 'map c1 shared 0+1', 'map c0 shared 0+1']);
    into.load(Int32Array.from([0, 0, 0, 0, 0]), 0);
    expect(() => other.instance.unsubscribe(other.cast.consumers[0]!, section)).toThrow('a consumer leaves a section it follows');
  });

  test('words/load-source: whoever follows hears of the blocks of a source that a load brought, and of no other', () => {
    const one = createNamed();
    const other = createNamed();
    one.instance.subscribe(one.cast.consumers[0]!, section);
    one.instance.attachSource(block, one.cast.sources[0]!);
    other.instance.subscribe(other.cast.consumers[0]!, section);
    other.instance.attachSource(block, other.cast.sources[1]!);
    other.instance.words!(other.cast).load(Int32Array.from(stored(one.instance.words!(one.cast))), 0);
    other.calls.length = 0;
    expect(other.instance.plug.willPlug(other.cast.sources[0]!, { block, firstPage: 4, endPage: 8 })).toBe(0);
    expect(other.calls).toEqual(['map c0 private 4+4']);
    expect(other.instance.detachSource(block, other.cast.sources[1]!)).toBe(-ERRNO.ENOENT);
  });

  test('words/stranger: who is in no cast makes them say that they are not whole, and is gone after a load', () => {
    const { instance, cast, stranger, calls } = createNamed();
    const words = instance.words!(cast);
    const empty = Int32Array.from(stored(words));
    instance.subscribe(stranger, section);
    stored(words);
    expect(words.isWhole).toBe(false);
    words.load(empty, 0);
    instance.convert({ pages: { block, firstPage: 0, endPage: 1 }, gfns: { firstGfn: 0, endGfn: 1 } }, 'shared');
    stored(words);
    expect([words.isWhole, calls]).toEqual([true, []]);
  });

  test('words/strange-source: a source that is in no cast makes them say that they are not whole', () => {
    const { instance, cast } = createNamed();
    const words = instance.words!(cast);
    instance.attachSource(block, { name: 'm9', granulePages: 4, isPlugged: () => true });
    stored(words);
    expect(words.isWhole).toBe(false);
  });
});

describe('the per-page model of notifier-list', () => {
  test('words/search: all states of four pages, and nothing that is broken', () => {
    const result = search(createPerPageModel(notifierList, { pages: 4 }), { recheckedStates: 200 });
    expect(result).toMatchObject({ complete: true, by: 'words', states: 1024, transitions: 1024 * 34, counterexamples: [], unwitnessed: [] });
  });
});
