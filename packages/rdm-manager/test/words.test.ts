// SPDX-License-Identifier: MIT
import { createPerPageModel, search } from '@sda-lab/conformance';
import { findWordsBreach, maskingWords, unorderingWords } from '@sda-lab/conformance/vitest';
import { type Cast, PLACE_BITS, type Strategy, type Words } from '@sda-lab/guest-memory';
import { extendedRdmAsPosted, multiSourceRdm, ramBlockAttributes, rdmPrivateAsDiscarded } from '@sda-lab/rdm-manager';
import { describe, expect, test } from 'vitest';

type Plant = (words: Words) => Words;

const STOCK = [rdmPrivateAsDiscarded, ramBlockAttributes, extendedRdmAsPosted];
const rows = (strategies: readonly Strategy[]): [string, Strategy][] => strategies.map((strategy) => [strategy.id, strategy]);

describe('words of a design', () => {
  test.each(rows([...STOCK, multiSourceRdm]))('words/%s: what is loaded is stored, seen and answered as what was left, and equal words are equal states', (_id, strategy) => {
    expect(findWordsBreach(strategy, 300)).toBeUndefined();
  });

  test.each(rows(STOCK))('words/%s: two bitmaps, then a place per listener of each block', (_id, strategy) => {
    expect(wordsOf(strategy)).toEqual([0b10, 0, 2, 1]);
  });

  test('words/multi-source-rdm: the attributes; then granularity, sources and listeners of each block', () => {
    // m0 came after the attributes and is asked first; c0 latched pages, c1 came later. Nothing is in the second block.
    const first = [1, 2, 1, 0, 2 | (1 << 8), 1 | (1 << 8)];
    expect(wordsOf(multiSourceRdm)).toEqual([0b10, ...first, 0, 0, 0]);
  });
});

/** The words of a guest with two blocks, of which only the first is used. */
function wordsOf(strategy: Strategy): number[] {
  const host = {
    regime: 'two-backend' as const,
    isDiscardDisabled: false,
    setAttributes: () => 0,
    convertInPlace: () => 0,
    discard: () => 0,
    lock: () => true,
    unlock: () => undefined,
    exit: () => undefined,
  };
  const instance = strategy.create(host, new Set());
  const block = { name: 'ram', pageCount: 4, hostFirstPage: 0, hasGuestMemfd: true, isPluggable: true };
  const plain = { ...block, name: 'plain', hasGuestMemfd: !strategy.capabilities.virtioMem };
  const section = { name: 'ram', block, firstPage: 0, pageCount: 4, firstGfn: 0, readonly: false };
  const consumer = { sides: 'shared' as const, smallestPages: 1, unmapShape: 'range' as const, done: 0, mapRun: () => 0, unmapRun: () => 0 };
  const cast: Cast = {
    consumers: [{ ...consumer, name: 'c0' }, { ...consumer, name: 'c1' }],
    sections: [section],
    sources: ['m0', 'm1'].map((name) => ({ name, granulePages: 2, isPlugged: () => true })),
  };
  for (const one of [block, plain]) instance.addBlock(one);
  instance.attachSource(block, cast.sources[0]!);
  for (const one of cast.consumers) instance.subscribe(one, section);
  instance.convert({ pages: { block, firstPage: 1, endPage: 2 }, gfns: { firstGfn: 1, endGfn: 2 } }, 'shared');
  const words = instance.words!(cast);
  const stored = new Int32Array(words.count);
  words.store(stored, 0);
  expect(words.isWhole).toBe(true);
  return [...stored];
}

describe('a planted fault of words is caught', () => {
  test.each<[string, Plant]>([
    ['the first word of a bitmap', maskingWords(0, 1)],
    ['the second word of a bitmap', maskingWords(1, 2)],
    ['the bitmap of the second block', maskingWords(2, 3)],
    ['who is registered', maskingWords(3, 12)],
    ['who is registered with the second manager', maskingWords(12, 15)],
    ['who was registered last', unorderingWords(3, 12)],
    ['who was registered last with the second manager', unorderingWords(12, 15)],
  ])('words/planted: a stock manager that forgets %s', (_what, plant) => {
    expect(caught(ramBlockAttributes, plant)).toMatch(/looks like|one word/);
  });

  test.each<[string, Plant]>([
    ['the first word of the attributes', maskingWords(0, 1)],
    ['the second word of the attributes', maskingWords(1, 2)],
    ['which sources are in', (words) => unorderingWords(3, 7)(maskingWords(4, 7)(words))],
    ['which source came last', unorderingWords(3, 7)],
    ['who is registered', maskingWords(7, 16)],
    ['who was registered last', unorderingWords(7, 16)],
    ['which source is in the second block', maskingWords(17, 20)],
    ['who was registered last with the second manager', unorderingWords(20, 23)],
    ['which granule was latched', sameGranule(20, 23, 4)],
  ])('words/planted: a manager with several sources that forgets %s', (_what, plant) => {
    expect(caught(multiSourceRdm, plant)).toMatch(/looks like|one word|a look leaves no trace|only a source that joined/);
  });

  test('words/planted: a manager that forgets its granularity has none with its sources', () => {
    expect(caught(multiSourceRdm, maskingWords(2, 3))).toBe('a manager with sources has a granularity');
  });

  test('words/planted: words that say how often somebody came call one state two', () => {
    expect(caught(countingArrivals(ramBlockAttributes))).toMatch(/one state, two words/);
  });
});

/** What the laws say of it. */
function caught(strategy: Strategy, plant?: Plant): string {
  try {
    return findWordsBreach(strategy, 300, plant) ?? 'nothing';
  } catch (error) {
    return (error as Error).message.replace('assertion failed: ', '');
  }
}

/** Whatever was latched, words [first, end) say this granule. */
function sameGranule(first: number, end: number, granulePages: number): Plant {
  return (words) => ({
    ...maskingWords(0, 0)(words),
    store(into, at) {
      words.store(into, at);
      for (let word = at + first; word < at + end; word += 1) {
        if (into[word] !== 0) into[word] = (into[word]! & (2 ** PLACE_BITS - 1)) | (granulePages << PLACE_BITS);
      }
    },
  });
}

function countingArrivals(strategy: Strategy): Strategy {
  const counting = (words: Words, arrivals: { count: number }): Words => ({
    count: words.count + 1,
    store: (into, at) => {
      words.store(into, at + 1);
      into[at] = arrivals.count;
    },
    load: (from, at) => {
      words.load(from, at + 1);
      arrivals.count = from[at]!;
    },
  });
  return {
    ...strategy,
    create: (...args) => {
      const instance = strategy.create(...args);
      const arrivals = { count: 0 };
      const subscribe: typeof instance.subscribe = (consumer, section) => {
        arrivals.count += 1;
        return instance.subscribe(consumer, section);
      };
      return { ...instance, subscribe, words: (cast) => counting(instance.words!(cast), arrivals) };
    },
  };
}

describe('the per-page model by words', () => {
  const every = 2000;

  test.each<[string, Strategy, number, number, readonly string[]]>([
    ['rdm-private-as-discarded', rdmPrivateAsDiscarded, 491, 8347, ['complete 2']],
    ['ram-block-attributes', ramBlockAttributes, 190, 3230, ['complete 2', 'atomic 2', 'nonfatal 2']],
    ['extended-rdm-as-posted', extendedRdmAsPosted, 491, 8347, ['complete 2']],
    ['multi-source-rdm', multiSourceRdm, 938, 24_388, ['complete 3', 'atomic 3']],
  ])('words/%s: all states of three pages, each reached anew', (_id, strategy, states, transitions, broken) => {
    const result = search(createPerPageModel(strategy, { pages: 3 }), { recheckedStates: every });
    expect(result).toMatchObject({ complete: true, by: 'words', states, transitions, unwitnessed: [] });
    expect(result.counterexamples.map(({ property, depth }) => `${property.invariant} ${depth}`)).toEqual(broken);
  });

  test.each(rows([...STOCK, multiSourceRdm]))('words/%s: re-execution finds the same, as far as it goes', (_id, strategy) => {
    const wordless: Strategy = {
      ...strategy,
      create: (...args) => {
        const instance = { ...strategy.create(...args) };
        delete instance.words;
        return instance;
      },
    };
    const facts = (searched: Strategy): unknown => {
      const { by, depth, counterexamples, unwitnessed } = search(createPerPageModel(searched, { pages: 2 }), { maxDepth: 3 });
      const found = counterexamples.map(({ property, labels, explanation }) => [property.invariant, labels, explanation]);
      return { isByWords: by === 'words', depth, found, unwitnessed };
    };
    expect(facts(wordless)).toEqual({ ...(facts(strategy) as object), isByWords: false });
  });
});
