// SPDX-License-Identifier: MIT
/** What can be done to a `HoldingGuest`, as data, and random lists of it. Numbers are taken modulo what there is. */
import type { Journey, Side } from '@sda-lab/guest-memory';
import fc from 'fast-check';

export type HoldingDeed =
  | { readonly op: 'convert'; readonly block: number; readonly firstPage: number; readonly pageCount: number; readonly to: Side }
  /** A consumer starts to follow a section, or stops if it did. */
  | { readonly op: 'switch'; readonly slot: number }
  /** A plug source joins its block, or leaves it if it was in. */
  | { readonly op: 'join'; readonly source: number }
  | { readonly op: 'plug' | 'unplug'; readonly source: number; readonly granule: number; readonly count: number }
  | { readonly op: 'unplug-all' | 'load' | 'slot-added'; readonly source: number }
  | { readonly op: 'reset' };

export interface HoldingAct {
  readonly deed: HoldingDeed;
  /** Bit i: the i-th map or unmap inside the deed is refused, counted from 0. */
  readonly refused: number;
}

const source = fc.nat(2);
const slot = fc.nat(14);

const deed: fc.Arbitrary<HoldingDeed> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('convert' as const),
      block: fc.nat(1),
      firstPage: fc.nat(35),
      pageCount: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 36 })),
      to: fc.constantFrom('shared' as const, 'shared' as const, 'private' as const),
    }),
  },
  { weight: 6, arbitrary: fc.record({ op: fc.constant('switch' as const), slot }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('join' as const), source }) },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constantFrom('plug' as const, 'plug' as const, 'unplug' as const),
      source,
      granule: fc.nat(8),
      count: fc.integer({ min: 1, max: 9 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom('unplug-all' as const, 'load' as const, 'slot-added' as const), source }) },
  { weight: 1, arbitrary: fc.constant({ op: 'reset' as const }) },
);

const refused = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.nat(5).map((call) => 1 << call) },
  { weight: 2, arbitrary: fc.nat(255) },
);

const acts: fc.Arbitrary<HoldingAct[]> = fc.array(fc.record({ deed, refused }), { maxLength: 25, size: 'max' });

export const holdingJourney: fc.Arbitrary<Journey<HoldingAct>> = fc.record({ before: acts, elsewhere: acts, after: acts });

/** Acts, and the same in another order, or with somebody who comes and goes in between. */
export const twoHoldingWays: fc.Arbitrary<readonly [HoldingAct[], HoldingAct[]]> = acts.chain((list) => {
  const shuffled = fc.shuffledSubarray(list, { minLength: list.length });
  const visited = fc.record({ at: fc.nat(list.length), slot }).map((visitor) => {
    const visit: HoldingAct = { deed: { op: 'switch', slot: visitor.slot }, refused: 0 };
    return list.toSpliced(visitor.at, 0, visit, visit);
  });
  return fc.tuple(fc.constant(list), fc.oneof({ weight: 2, arbitrary: shuffled }, { weight: 1, arbitrary: visited }));
});
