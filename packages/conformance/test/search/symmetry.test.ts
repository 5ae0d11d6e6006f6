// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ContainerSymmetry, type Renaming } from '../../src/search/container-symmetry.ts';
import { PageSymmetry } from '../../src/search/page-symmetry.ts';
import { search, Search } from '../../src/search/search.ts';
import { mergeShards } from '../../src/search/merge-shards.ts';
import type { Symmetry } from '../../src/search/symmetry.ts';
import { searchVerdict } from '../../src/search/search-result.ts';
import { settings } from '../support/settings.ts';
import { Counters, type CountersOptions } from './support/counters.ts';

/** Counters 0 and 1 have each other's values, the others stay. */
const swap: Renaming = (words, at, to) => {
  for (let index = 0; index < to.length; index += 1) to[index] = words[at + index]!;
  to[0] = words[at + 1]!;
  to[1] = words[at]!;
};

/** Counters as columns of planes: bit i of plane p is bit p of counter i. */
class PlaneCounters extends Counters {
  static readonly PLANES = [0, 1, 2];
  override readonly wordCount: number = 3;
  readonly #count: number;

  constructor(options: CountersOptions) {
    super(options);
    this.#count = options.count;
  }

  override store(words: Int32Array, at: number): void {
    for (const plane of PlaneCounters.PLANES) {
      words[at + plane] = this.values.reduce((bits, value, index) => bits | (((value >> plane) & 1) << index), 0);
    }
  }

  override load(words: Int32Array, at: number): void {
    for (let index = 0; index < this.#count; index += 1) {
      this.values[index] = PlaneCounters.PLANES.reduce((value, plane) => value | (((words[at + plane]! >> index) & 1) << plane), 0);
    }
  }
}

/** What a reduction may not change: verdict, lengths, and what the orbits stand for. */
function factsOf(createModel: () => Counters, symmetry?: Symmetry): unknown {
  const result = search(createModel(), { symmetry });
  const { covers = { states: result.states, transitions: result.transitions }, complete, depth, counterexamples } = result;
  const shown = counterexamples.map((one) => [one.depth, one.labels.length, one.explanation]);
  return { verdict: searchVerdict(result), covers, complete, depth, shown };
}

describe('counters that are alike', () => {
  test.each([-1, 0, 7])('as two containers: a search with renaming says what one without says (wrong sum %i)', (wrongSum) => {
    const createModel = (): Counters => new Counters({ count: 2, top: 4, wrongSum });
    const symmetry = new ContainerSymmetry(2, [swap]);
    expect(factsOf(createModel, symmetry)).toEqual(factsOf(createModel));
    expect(search(createModel(), { symmetry }).states).toBe(15);
  });

  test.each([-1, 7])('as two containers beside another: orbits of one and of two (wrong sum %i)', (wrongSum) => {
    const createModel = (): Counters => new Counters({ count: 3, top: 4, wrongSum });
    const symmetry = new ContainerSymmetry(3, [swap]);
    expect(factsOf(createModel, symmetry)).toEqual(factsOf(createModel));
    expect(search(createModel(), { symmetry }).states).toBe(75);
  });

  test.each([-1, 9])('as pages: a search with sorting says what one without says (wrong sum %i)', (wrongSum) => {
    const createModel = (): Counters => new PlaneCounters({ count: 4, top: 4, wrongSum });
    const symmetry = new PageSymmetry(PlaneCounters.PLANES, 4);
    expect(factsOf(createModel, symmetry)).toEqual(factsOf(createModel));
    // Multisets of 4 values out of 5.
    expect(search(createModel(), { symmetry }).states).toBe(70);
  });

  test('the shards of a search with renaming join to it', () => {
    const symmetry = new ContainerSymmetry(3, [swap]);
    const createModel = (): Counters => new Counters({ count: 3, top: 3, wrongSum: 4 });
    const shards = [0, 1].map((index) => {
      const run = new Search(createModel(), { symmetry, shard: { index, of: 2 } });
      while (run.advance(100));
      return run.shardResult();
    });
    const { states, transitions, covers } = search(createModel(), { symmetry });
    expect(mergeShards(shards)).toMatchObject({ complete: true, states, transitions, covers });
  });
});

describe('a page symmetry', () => {
  const planes = fc.array(fc.nat({ max: 63 }), { minLength: 2, maxLength: 2 });
  const symmetry = new PageSymmetry([0, 2], 6);

  test('gives every order of the same pages one form, and counts the orders', () => {
    fc.assert(
      fc.property(planes, fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 }), ([first, second], order) => {
        const moved = (bits: number): number => order.reduce((to, page, at) => to | (((bits >> page) & 1) << at), 0);
        const here = Int32Array.of(first!, 77, second!);
        const there = Int32Array.of(moved(first!), 77, moved(second!));
        symmetry.canonicalize(here, 0);
        symmetry.canonicalize(there, 0);
        expect(there).toEqual(here);
        expect(here[1]).toBe(77);
      }),
      settings(200),
    );
  });

  test('has as many members in an orbit as there are different orders', () => {
    const orbits = new Map<string, number>();
    const sizes = new Map<string, number>();
    const words = new Int32Array(3);
    for (let first = 0; first < 64; first += 1) {
      for (let second = 0; second < 64; second += 1) {
        words.set([first, 0, second]);
        symmetry.canonicalize(words, 0);
        orbits.set(words.join(), (orbits.get(words.join()) ?? 0) + 1);
        sizes.set(words.join(), symmetry.orbitSize(words, 0));
      }
    }
    expect(sizes).toEqual(orbits);
    // Multisets of 6 columns out of 4.
    expect(orbits.size).toBe(84);
  });

  test('refuses a plane with a bit beyond the pages', () => {
    expect(() => symmetry.canonicalize(Int32Array.of(64, 0, 0), 0)).toThrow('a plane has no bit beyond the pages');
  });
});

describe('containers that are alike, with pages that are', () => {
  test('have the orbits of both', () => {
    // Two containers with two pages each, one bit per page.
    const both = new ContainerSymmetry(2, [swap], new PageSymmetry([0, 1], 2));
    const orbits = new Map<string, number>();
    const sizes = new Map<string, number>();
    const words = new Int32Array(2);
    for (let state = 0; state < 16; state += 1) {
      words.set([state & 3, state >> 2]);
      both.canonicalize(words, 0);
      orbits.set(words.join(), (orbits.get(words.join()) ?? 0) + 1);
      sizes.set(words.join(), both.orbitSize(words, 0));
    }
    expect(sizes).toEqual(orbits);
    expect([...orbits.values()].reduce((sum, size) => sum + size, 0)).toBe(16);
    expect(orbits.size).toBe(7);
    expect(both.name).toBe('containers and pages');
  });
});
