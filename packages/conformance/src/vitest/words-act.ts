// SPDX-License-Identifier: MIT
/** What can be done to a `WordsGuest`, as data, and random lists of it. Numbers are taken modulo what there is. */
import type { Journey, Side } from '@sda-lab/guest-memory';
import fc from 'fast-check';

export type WordsDeed =
  | { readonly op: 'convert'; readonly block: number; readonly firstPage: number; readonly pageCount: number; readonly to: Side }
  /** A consumer starts to follow a section, or stops if it did. */
  | { readonly op: 'switch'; readonly slot: number }
  /** A plug source joins its block, or leaves it if it was in. */
  | { readonly op: 'join'; readonly source: number }
  | { readonly op: 'plug' | 'unplug'; readonly source: number; readonly granule: number; readonly count: number }
  | { readonly op: 'unplug-all' | 'load'; readonly source: number }
  | { readonly op: 'reset' };

export interface WordsAct {
  readonly deed: WordsDeed;
  /** Ordinal of the refused map or unmap inside the deed, counted from 1; 0: none is. */
  readonly refusedCall: number;
}

const source = fc.nat(2);

const deed: fc.Arbitrary<WordsDeed> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('convert' as const),
      block: fc.constantFrom(0, 0, 0, 1),
      firstPage: fc.nat(35),
      pageCount: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 36 })),
      to: fc.constantFrom('shared' as const, 'shared' as const, 'private' as const),
    }),
  },
  { weight: 5, arbitrary: fc.record({ op: fc.constant('switch' as const), slot: fc.nat(11) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('join' as const), source }) },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constantFrom('plug' as const, 'plug' as const, 'unplug' as const),
      source,
      granule: fc.nat(17),
      count: fc.integer({ min: 1, max: 9 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom('unplug-all' as const, 'load' as const), source }) },
  { weight: 1, arbitrary: fc.constant({ op: 'reset' as const }) },
);

const acts: fc.Arbitrary<WordsAct[]> = fc.array(
  fc.record({ deed, refusedCall: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 6 }) }) }),
  { maxLength: 20, size: 'max' },
);

export const wordsJourney: fc.Arbitrary<Journey<WordsAct>> = fc.record({ before: acts, elsewhere: acts, after: acts });

/** Acts, and the same in another order, or with somebody who comes and goes in between. */
export const twoWays: fc.Arbitrary<readonly [WordsAct[], WordsAct[]]> = acts.chain((list) => {
  const shuffled = fc.shuffledSubarray(list, { minLength: list.length });
  const visited = fc.record({ at: fc.nat(list.length), slot: fc.nat(11) }).map(({ at, slot }) => {
    const visit: WordsAct = { deed: { op: 'switch', slot }, refusedCall: 0 };
    return list.toSpliced(at, 0, visit, visit);
  });
  return fc.tuple(fc.constant(list), fc.oneof({ weight: 2, arbitrary: shuffled }, { weight: 1, arbitrary: visited }));
});
