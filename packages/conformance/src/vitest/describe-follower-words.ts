// SPDX-License-Identifier: MIT
/**
 * Words of a design that keeps followers (`Followers`), by hand: what they say, what a load puts in and out, who is in no
 * cast; and a search that goes by them. Does not cover the laws of words, which `findHoldingBreach` asks.
 */
import type { Strategy } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { createPerPageModel } from '../search/per-page/per-page-model.ts';
import { search } from '../search/search.ts';
import { createSmallCast } from './small-cast.ts';
import { storedWords } from './stored-words.ts';

export interface FollowerLayout {
  /** Words of a block that nobody touched. */
  readonly empty: readonly number[];
  /** Those with the second source, c0 following, and pages 1 and 2 shared. */
  readonly shared: readonly number[];
}

export function describeFollowerWords(strategy: Strategy, { empty, shared }: FollowerLayout): void {
  describe(`words of ${strategy.id} by hand`, () => {
    test('words/layout: the design\'s bits, mapped per consumer and side, the source beside who follows', () => {
      const { instance, cast, block, section } = createSmallCast(strategy);
      const words = instance.words!(cast);
      expect(storedWords(words)).toEqual(empty);
      instance.attachSource(block, cast.sources[1]!);
      instance.subscribe(cast.consumers[0]!, section);
      instance.convert({ pages: { block, firstPage: 1, endPage: 3 }, gfns: { firstGfn: 1, endGfn: 3 } }, 'shared');
      expect(storedWords(words)).toEqual(shared);
      expect(words.isWhole).toBe(true);
    });

    test('words/load: followers are put in and out without a call, also those never met', () => {
      const one = createSmallCast(strategy);
      const { instance, cast, calls, block, section } = createSmallCast(strategy);
      for (const consumer of one.cast.consumers) one.instance.subscribe(consumer, section);
      const [from, into] = [one.instance.words!(one.cast), instance.words!(cast)];
      into.load(Int32Array.from(storedWords(from)), 0);
      expect([storedWords(into), calls]).toEqual([storedWords(from), []]);
      instance.convert({ pages: { block, firstPage: 0, endPage: 1 }, gfns: { firstGfn: 0, endGfn: 1 } }, 'shared');
      expect(calls).toEqual(['unmap c0 private 0+1', 'map c1 shared 0+1', 'map c0 shared 0+1']);
      into.load(Int32Array.from(empty), 0);
      expect(() => instance.unsubscribe(cast.consumers[0]!, section)).toThrow('a consumer leaves a section it follows');
    });

    test('words/stranger: who is in no cast makes them say that they are not whole, and is gone after a load', () => {
      const { instance, cast, stranger, calls, block, section } = createSmallCast(strategy);
      const words = instance.words!(cast);
      const first = Int32Array.from(storedWords(words));
      instance.subscribe(stranger, section);
      storedWords(words);
      expect(words.isWhole).toBe(false);
      words.load(first, 0);
      instance.convert({ pages: { block, firstPage: 0, endPage: 1 }, gfns: { firstGfn: 0, endGfn: 1 } }, 'shared');
      storedWords(words);
      expect([words.isWhole, calls]).toEqual([true, []]);
    });

    test('words/strange-source: a source that is in no cast makes them say that they are not whole', () => {
      const { instance, cast, block } = createSmallCast(strategy);
      const words = instance.words!(cast);
      instance.attachSource(block, { name: 'm9', granulePages: 4, isPlugged: () => true });
      storedWords(words);
      expect(words.isWhole).toBe(false);
    });

    test('words/search: all states of four pages, and nothing that is broken', () => {
      const result = search(createPerPageModel(strategy, { pages: 4 }), { recheckedStates: 200 });
      expect(result).toMatchObject({ complete: true, by: 'words', states: 1024, transitions: 1024 * 34, counterexamples: [], unwitnessed: [] });
    });
  });
}
