// SPDX-License-Identifier: MIT
/* The meter counts the words a flat search reads: compared with one that reads them. */
import { Bitmap } from '@sda-lab/core-bitmap';
import { CostMeter } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const BITS = 300;

/** Reads words of 64 bits one after the other, as find_next_bit does, and counts them. */
function flatSearch(bits: readonly boolean[], isSet: boolean, fromBit: number, boundBit: number): { found: number; words: number } {
  let words = 0;
  for (let at = fromBit; at < boundBit; at = (Math.floor(at / 64) + 1) * 64) {
    words += 1;
    const wordEnd = Math.min((Math.floor(at / 64) + 1) * 64, boundBit);
    for (let bit = at; bit < wordEnd; bit += 1) if (bits[bit] === isSet) return { found: bit, words };
  }
  return { found: boundBit, words };
}

const guest = fc.record({
  runs: fc.array(fc.record({ first: fc.nat(BITS - 1), length: fc.integer({ min: 1, max: 150 }) }), { maxLength: 4 }),
  range: fc.tuple(fc.nat(BITS), fc.nat(BITS)).map(([one, other]) => ({ first: Math.min(one, other), end: Math.max(one, other) })),
  isSet: fc.boolean(),
});

function bitsOf(runs: readonly { first: number; length: number }[]): { bitmap: Bitmap; flat: boolean[] } {
  const bitmap = new Bitmap(BITS);
  for (const { first, length } of runs) bitmap.set(first, Math.min(first + length, BITS));
  return { bitmap, flat: Array.from({ length: BITS }, (_, bit) => bitmap.test(bit)) };
}

describe('the cost meter', () => {
  test('meter/search: counts the words that a search of a flat bitmap reads, and finds what it finds', () => {
    fc.assert(
      fc.property(guest, ({ runs, range, isSet }) => {
        const { bitmap, flat } = bitsOf(runs);
        const meter = new CostMeter();
        const { found, words } = flatSearch(flat, isSet, range.first, range.end);
        expect([meter.search(bitmap, isSet, range.first, range.end), meter.bitmapWords]).toEqual([found, words]);
      }),
      { numRuns: 500, seed: 3 },
    );
  });

  test('meter/walk: a walk with the bound of the bitmap reads on behind its range, to the end of the next run', () => {
    const { bitmap } = bitsOf([{ first: 10, length: 5 }, { first: 200, length: 3 }]);
    const [near, far] = [new CostMeter(), new CostMeter()];
    near.walkRuns(bitmap, true, 0, 64, 64);
    far.walkRuns(bitmap, true, 0, 64, BITS);
    // Bit 10, its end in the same word; then nothing to 64. With the far bound: on to bit 200 in the word at 192, and to 203.
    expect([near.bitmapWords, far.bitmapWords]).toEqual([3, 7]);
  });

  test('meter/walk-empty: a range without such a bit costs its search alone', () => {
    const { bitmap } = bitsOf([]);
    const meter = new CostMeter();
    meter.walkRuns(bitmap, true, 0, 64, BITS);
    expect(meter.bitmapWords).toBe(5);
  });

  test('meter/scan: bitmaps read side by side count each; an empty range counts nothing', () => {
    const meter = new CostMeter();
    meter.scanned(63, 65, 3);
    meter.scanned(5, 5, 3);
    meter.tested();
    expect(meter.bitmapWords).toBe(7);
    meter.clear();
    expect([meter.bitmapWords, meter.probes, meter.notifications]).toEqual([0, 0, 0]);
  });
});
