// SPDX-License-Identifier: MIT
/* Sizes, cuts and steps: small bitmaps bit by bit, large ones at the boundaries of words, leaves, slots and roots. */
import fc from 'fast-check';
import type { Step } from './check.ts';

/** log2 of the bits of a word, a leaf (2 MiB), a 1 GiB slot and a 512 GiB slot. */
const BOUNDARY_SHIFTS = [0, 5, 9, 18, 27];

/** Where the tree changes shape: one leaf, 16 leaves below the root, 16 slots of 1 GiB, 512 GiB, the limit. */
const TURNING_POINTS = [512, 8192, 262_144, 4_194_304, 2 ** 27, 2 ** 28, 2 ** 31];

const step: fc.Arbitrary<Step> = fc.record({
  range: fc.tuple(fc.nat(10_000), fc.nat(10_000)),
  value: fc.boolean(),
  window: fc.tuple(fc.nat(10_000), fc.nat(10_000)),
});

export const steps: fc.Arbitrary<Step[]> = fc.array(step, { minLength: 1, maxLength: 25 });

/** Every position of a bitmap that is one number: all sizes it can have. */
export const smallCut: fc.Arbitrary<number[]> = fc
  .integer({ min: 1, max: 32 })
  .map((bitCount) => Array.from({ length: bitCount + 1 }, (_, bit) => bit));

/** Every position of a bitmap of a few words or a little more than a leaf. */
export const everyCut: fc.Arbitrary<number[]> = fc
  .oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 510, max: 514 }), fc.constant(1056))
  .map((bitCount) => Array.from({ length: bitCount + 1 }, (_, bit) => bit));

const largeBitCount: fc.Arbitrary<number> = fc
  .oneof(
    fc.tuple(fc.constantFrom(...TURNING_POINTS), fc.integer({ min: -2, max: 2 })).map(([at, near]) => at + near),
    fc.integer({ min: 513, max: 2 ** 31 }),
  )
  .map((bitCount) => Math.min(bitCount, 2 ** 31));

/** A distance from the start or from the end, a boundary to put it next to, and how far from it. */
const cutSeed = fc.tuple(
  fc.oneof(fc.nat(2 ** 31), fc.nat(2000)),
  fc.boolean(),
  fc.constantFrom(...BOUNDARY_SHIFTS),
  fc.integer({ min: -1, max: 1 }),
);

/** Up to 42 positions of a bitmap of any size, most of them at or beside a boundary. */
export const boundaryCuts: fc.Arbitrary<number[]> = fc
  .tuple(largeBitCount, fc.array(cutSeed, { maxLength: 40 }))
  .map(([bitCount, seeds]) => {
    const cuts = new Set([0, bitCount]);
    for (const [seed, fromEnd, shift, near] of seeds) {
      const distance = seed % bitCount;
      const boundary = Math.floor((fromEnd ? bitCount - distance : distance) / 2 ** shift) * 2 ** shift;
      cuts.add(Math.max(0, Math.min(bitCount, boundary + near)));
    }
    return [...cuts].toSorted((one, other) => one - other);
  });
