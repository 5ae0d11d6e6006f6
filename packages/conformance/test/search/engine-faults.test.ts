// SPDX-License-Identifier: MIT
// Mistakes a search could make, planted into it: the counts that are known beforehand, or its own checks, show each.
import { describe, expect, test } from 'vitest';
import { Discoveries } from '../../src/search/discoveries.ts';
import { WholeExploration } from '../../src/search/exploration.ts';
import { hashWords } from '../../src/search/hash-words.ts';
import { search } from '../../src/search/search.ts';
import { NEXT, SAME, type SearchModel } from '../../src/search/search-model.ts';
import { StateTable } from '../../src/search/state-table.ts';
import type { Symmetry } from '../../src/search/symmetry.ts';
import { Counters, countersFacts, countersWithin } from './support/counters.ts';

const counters = { count: 3, top: 4 };

interface Planted {
  readonly model?: SearchModel<string>;
  readonly table?: StateTable;
  readonly maxDepth?: number;
  readonly symmetry?: Symmetry;
}

/** An exploration from parts, as a search puts it together. */
function explore({ model = new Counters(counters), table = new StateTable(model.wordCount), maxDepth = Infinity, symmetry }: Planted) {
  const exploration = new WholeExploration({ model, table, discoveries: new Discoveries(1), symmetry }, maxDepth);
  const run = exploration.run();
  while (run.next().done !== true);
  return { states: table.count, transitions: exploration.tally.transitions };
}

const { states, transitions } = countersFacts(counters);

test('without a mistake the counts are right', () => {
  expect(explore({})).toEqual({ states, transitions });
  expect(explore({ maxDepth: 5 }).states).toBe(countersWithin(counters, 5));
});

describe('a search that', () => {
  test('takes equal hashes for equal states loses states', () => {
    class HashCompactTable extends StateTable {
      override isAt(index: number, words: Int32Array, at: number): boolean {
        const here = hashWords(this.words, index * this.wordCount, this.wordCount);
        return (here & 0xff) === (hashWords(words, at, this.wordCount) & 0xff);
      }

      /** Compares before the slots are looked at, or their whole hash would tell the states apart. */
      override insert(words: Int32Array, at: number, parent: number, transition: number): number {
        for (let index = 0; index < this.count; index += 1) if (this.isAt(index, words, at)) return 0;
        return super.insert(words, at, parent, transition);
      }
    }
    expect(explore({ table: new HashCompactTable(3) }).states).toBeLessThan(states);
  });

  test('forgets to go back after a step counts wrongly', () => {
    class NeverBack extends Counters {
      #at = -1;

      override load(words: Int32Array, at: number): void {
        if (at === this.#at) return;
        this.#at = at;
        super.load(words, at);
      }
    }
    expect(explore({ model: new NeverBack(counters) })).not.toEqual({ states, transitions });
    expect(() => search(new NeverBack(counters), { recheckedStates: 125 })).toThrow('a state reached anew has the words it was found with');
  });

  test('believes in a self-loop that is none counts wrongly', () => {
    class SaysSame extends Counters {
      override step(transition: number): number {
        const flags = super.step(transition);
        return transition === 1 && flags === NEXT ? SAME : flags;
      }
    }
    expect(explore({ model: new SaysSame(counters) })).not.toEqual({ states, transitions });
    expect(() => search(new SaysSame(counters), { recheckedStates: 125 })).toThrow('a state reached anew has the words it was found with');
  });

  test.each([-1, 1])('is off by %i in its depth meets other states', (off) => {
    expect(explore({ maxDepth: 5 + off }).states).not.toBe(countersWithin(counters, 5));
  });

  test('leaves a word out of its states counts too few', () => {
    class Short extends Counters {
      override store(words: Int32Array, at: number): void {
        super.store(words, at);
        words[at + 2] = 0;
      }
    }
    expect(explore({ model: new Short(counters) }).states).toBeLessThan(states);
    expect(() => search(new Short({ ...counters, wrongSum: 11 }), { recheckedStates: 125 })).not.toThrow();
  });

  test('takes states for one that are not symmetric cannot show what it found', () => {
    // Counter 0 is dropped: no operation leads from a state to the one it is taken for.
    const symmetry: Symmetry = {
      name: 'wrong',
      canonicalize: (words, at) => {
        if (words[at] === 2) words[at + 1] = 4;
      },
      orbitSize: () => 1,
    };
    expect(() => search(new Counters({ ...counters, wrongSum: 6 }), { symmetry })).toThrow('a symmetric state can do what');
  });
});
