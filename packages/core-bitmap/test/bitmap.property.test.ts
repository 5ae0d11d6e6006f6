// SPDX-License-Identifier: MIT
import { Bitmap, forEachRunOfBoth, forEachRunWhere } from '@sda-lab/core-bitmap';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boundaryCuts, everyCut, smallCut, steps } from './arbitraries.ts';
import { between, firstDisagreement, runsOf } from './check.ts';
import type { Step } from './check.ts';
import { Model } from './model.ts';

const bitCountOf = (cuts: readonly number[]): number => cuts.at(-1)!;

/** A bitmap and its model after the same writes. */
function twins(cuts: readonly number[], writes: readonly Step[]): { bits: Bitmap; model: Model } {
  const bits = new Bitmap(bitCountOf(cuts));
  const model = new Model(cuts);
  for (const { range, value } of writes) {
    const [firstBit, endBit] = between(cuts, range);
    bits.assign(firstBit, endBit, value);
    model.assign(firstBit, endBit, value);
  }
  return { bits, model };
}

describe.each([
  { name: 'of at most 32 bits', cuts: smallCut },
  { name: 'bit by bit', cuts: everyCut },
  { name: 'at boundaries up to 2^31 bits', cuts: boundaryCuts },
])('Bitmap $name', (world) => {
  test('answers every question as the naive model does', () => {
    fc.assert(
      fc.property(world.cuts, steps, (cuts, writes) => {
        expect(firstDisagreement(new Bitmap(bitCountOf(cuts)), cuts, writes)).toBeUndefined();
      }),
    );
  });

  test('runs of several conditions are those of the naive model', () => {
    const lists = fc.array(fc.tuple(steps, fc.boolean()), { maxLength: 4 });
    fc.assert(
      fc.property(world.cuts, lists, fc.tuple(fc.nat(10_000), fc.nat(10_000)), (cuts, list, ends) => {
        const [firstBit, endBit] = between(cuts, ends);
        const made = list.map(([writes, is]) => ({ ...twins(cuts, writes), is }));
        const asked = made.map(({ bits, is }) => ({ bits, is }));
        const expected = made.map(({ model, is }) => ({ bits: model, is }));
        for (const stopAt of [Infinity, 2]) {
          const actual = runsOf((emit) => forEachRunWhere(asked, firstBit, endBit, emit), stopAt);
          const model = new Model(cuts);
          expect(actual).toBe(runsOf((emit) => model.runsWhere(expected, firstBit, endBit, emit), stopAt));
        }
      }),
    );
  });

  test('runs of two bitmaps are those of two conditions', () => {
    fc.assert(
      fc.property(world.cuts, steps, steps, (cuts, one, other) => {
        const a = twins(cuts, one).bits;
        const b = twins(cuts, other).bits;
        const conditions = [a, b].map((bits) => ({ bits, is: true }));
        const [firstBit, endBit] = between(cuts, one[0]!.window);
        for (const stopAt of [Infinity, 1]) {
          const both = runsOf((emit) => forEachRunOfBoth(a, b, firstBit, endBit, emit), stopAt);
          expect(both).toBe(runsOf((emit) => forEachRunWhere(conditions, firstBit, endBit, emit), stopAt));
        }
      }),
    );
  });

  test('a range cleared again leaves no bytes but what an empty bitmap keeps', () => {
    fc.assert(
      fc.property(world.cuts, steps, fc.boolean(), (cuts, writes, value) => {
        const { bits } = twins(cuts, writes);
        bits.assign(0, bits.bitCount, value);
        expect(bits.classify(0, bits.bitCount)).toBe(value ? 'set' : 'clear');
        // Two pools, of which each keeps 2 MiB at most.
        expect(bits.byteCount).toBeLessThanOrEqual(64 + 2 * 2 ** 21);
      }),
    );
  });

  test('a flipped bitmap has the clear runs as set runs', () => {
    fc.assert(
      fc.property(world.cuts, steps, (cuts, writes) => {
        const { bits } = twins(cuts, writes);
        const { bits: flipped } = twins(cuts, [
          { range: [0, cuts.length - 1], value: true, window: [0, 0] },
          ...writes.map((step) => ({ ...step, value: !step.value })),
        ]);
        const end = bits.bitCount;
        const clearRuns = runsOf((emit) => bits.forEachClearRun(0, end, emit));
        expect(runsOf((emit) => flipped.forEachSetRun(0, end, emit))).toBe(clearRuns);
        expect(flipped.popcount(0, end)).toBe(end - bits.popcount(0, end));
        // Mirrored writes split and join the same slots.
        expect(flipped.byteCount).toBe(bits.byteCount);
      }),
    );
  });
});
