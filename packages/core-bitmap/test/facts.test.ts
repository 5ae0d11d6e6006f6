// SPDX-License-Identifier: MIT
import { Bitmap, forEachRunOfBoth, forEachRunWhere } from '@sda-lab/core-bitmap';
import type { ReadonlyBitmap } from '@sda-lab/core-bitmap';
import { describe, expect, test } from 'vitest';
import { runsOf } from './check.ts';

const PAGES_2M = 512;
const PAGES_1G = 512 * PAGES_2M;
const PAGES_1T = 1024 * PAGES_1G;

/** A bitmap with the given ranges set. */
function bitmapOf(bitCount: number, ...ranges: [number, number][]): Bitmap {
  const bits = new Bitmap(bitCount);
  for (const [firstBit, endBit] of ranges) bits.set(firstBit, endBit);
  return bits;
}

function setRuns(bits: ReadonlyBitmap, firstBit: number, endBit: number): string {
  return runsOf((emit) => bits.forEachSetRun(firstBit, endBit, emit));
}

/** A 32-bit hash: positions as if drawn at random, the same in each run. */
function scattered(number: number): number {
  const once = Math.imul(number ^ (number >>> 16) ^ 0x9e37_79b9, 0x85eb_ca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2_ae35);
  return (twice ^ (twice >>> 16)) >>> 0;
}

describe('a new bitmap', () => {
  test.each([1, 31, 32, 33, 512, 513, 8193, PAGES_1G, PAGES_1T, 2 ** 31])('of %d bits is clear', (bitCount) => {
    const bits = new Bitmap(bitCount);
    expect(bits.bitCount).toBe(bitCount);
    expect(bits.classify(0, bitCount)).toBe('clear');
    expect(bits.nextSet(0, bitCount)).toBe(bitCount);
    expect(bits.test(bitCount - 1)).toBe(false);
    expect(bits.byteCount).toBeLessThanOrEqual(64);
  });
});

describe('a single page', () => {
  test('goes from clear to set and back', () => {
    const bits = new Bitmap(1);
    bits.set(0, 1);
    expect([bits.classify(0, 1), bits.test(0), bits.popcount(0, 1)]).toEqual(['set', true, 1]);
    bits.clear(0, 1);
    expect([bits.classify(0, 1), bits.test(0), bits.popcount(0, 1)]).toEqual(['clear', false, 0]);
  });
});

describe('the last of 2^31 bits', () => {
  const end = 2 ** 31;

  test('is set, found, counted and walked', () => {
    const bits = bitmapOf(end, [end - 1, end]);
    expect(bits.test(end - 1)).toBe(true);
    expect(bits.nextSet(0, end)).toBe(end - 1);
    expect(bits.nextClear(end - 1, end)).toBe(end);
    expect(bits.popcount(0, end)).toBe(1);
    expect(bits.classify(0, end)).toBe('mixed');
    expect(setRuns(bits, 0, end)).toBe(`${end - 1}-${end} -> 0`);
  });

  test('is the only clear one', () => {
    const bits = bitmapOf(end, [0, end - 1]);
    expect(bits.nextClear(0, end)).toBe(end - 1);
    expect(bits.popcount(0, end)).toBe(end - 1);
    expect(setRuns(bits, 0, end)).toBe(`0-${end - 1} -> 0`);
    bits.set(end - 1, end);
    expect(bits.popcount(0, end)).toBe(end);
    expect(bits.allSet(0, end)).toBe(true);
  });
});

describe('a walk to the end of 2^31 bits', () => {
  test('ends with 0 although the walk before it was stopped', () => {
    const end = 2 ** 31;
    const bits = bitmapOf(end, [end - 300, end - 200], [end - 100, end - 50]);
    expect(bits.forEachSetRun(0, end, () => 7)).toBe(7);
    expect(setRuns(bits, 0, end)).toBe(`${end - 300}-${end - 200} ${end - 100}-${end - 50} -> 0`);
  });
});

describe('runs', () => {
  test('cross words, 2 MiB and 1 GiB regions in one piece', () => {
    const bits = bitmapOf(2 * PAGES_1G, [31, 33], [PAGES_2M - 1, PAGES_2M + 1], [PAGES_1G - 1, PAGES_1G + 1]);
    expect(setRuns(bits, 0, 2 * PAGES_1G)).toBe('31-33 511-513 262143-262145 -> 0');
  });

  test('are clipped to the window', () => {
    expect(setRuns(bitmapOf(64, [0, 64]), 10, 20)).toBe('10-20 -> 0');
  });

  test('of neighbouring writes are one', () => {
    expect(setRuns(bitmapOf(64, [8, 16], [16, 24]), 0, 64)).toBe('8-24 -> 0');
  });

  test('where one bitmap is set and another is not', () => {
    const populated = bitmapOf(64, [0, 40]);
    const shared = bitmapOf(64, [8, 16], [30, 50]);
    const conditions = [{ bits: populated, is: true }, { bits: shared, is: false }];
    expect(runsOf((emit) => forEachRunWhere(conditions, 0, 64, emit))).toBe('0-8 16-30 -> 0');
    expect(runsOf((emit) => forEachRunOfBoth(populated, shared, 0, 64, emit))).toBe('8-16 30-40 -> 0');
  });

  test('are the same whatever holds the bits: one number, a tree, or a reader of another kind', () => {
    const ranges: [number, number][] = [[2, 9], [12, 20], [30, 32]];
    const others: [number, number][] = [[5, 14], [31, 32]];
    const reader = (bits: Bitmap): ReadonlyBitmap => Object.create(bits, { nextSet: { value: bits.nextSet.bind(bits) }, nextClear: { value: bits.nextClear.bind(bits) }, bitCount: { value: bits.bitCount } }) as ReadonlyBitmap;
    const forms = [(at: [number, number][]) => bitmapOf(32, ...at), (at: [number, number][]) => bitmapOf(700, ...at), (at: [number, number][]) => reader(bitmapOf(32, ...at))];
    for (const one of forms) {
      for (const other of forms) {
        const conditions = [{ bits: one(ranges), is: true }, { bits: other(others), is: false }];
        expect(runsOf((emit) => forEachRunWhere(conditions, 1, 32, emit))).toBe('2-5 14-20 30-31 -> 0');
        expect(runsOf((emit) => forEachRunWhere(conditions.slice(0, 1), 1, 32, emit), 2)).toBe('2-9 12-20 -> 7');
      }
    }
  });

  test('without a condition are the window itself, unless it is empty', () => {
    expect(runsOf((emit) => forEachRunWhere([], 3, 9, emit))).toBe('3-9 -> 0');
    expect(runsOf((emit) => forEachRunWhere([], 3, 3, emit))).toBe(' -> 0');
  });

  test('stop at the first non-zero answer, which the walk returns', () => {
    const bits = bitmapOf(64, [1, 2], [3, 4], [5, 6]);
    expect(runsOf((emit) => bits.forEachSetRun(0, 64, emit), 2)).toBe('1-2 3-4 -> 7');
    expect(runsOf((emit) => forEachRunOfBoth(bits, bits, 0, 64, emit), 1)).toBe('1-2 -> 7');
  });
});

describe('a callback that changes bits below the end of its run', () => {
  const ranges: [number, number][] = [[1, 3], [40, 70], [600, 1200], [PAGES_1G - 5, PAGES_1G + 5]];
  const whole = '1-3 40-70 600-1200 262139-262149 -> 0';

  test('clears each run behind the walk without losing the next', () => {
    const bits = bitmapOf(2 * PAGES_1G, ...ranges);
    const seen = runsOf((emit) =>
      bits.forEachSetRun(0, 2 * PAGES_1G, (firstBit, endBit) => {
        bits.clear(0, endBit);
        return emit(firstBit, endBit);
      }),
    );
    expect(seen).toBe(whole);
    expect(bits.allClear(0, 2 * PAGES_1G)).toBe(true);
    expect(bits.byteCount).toBeLessThanOrEqual(64 + 4096);
  });

  test('sets all behind the walk of clear runs and leaves one set run', () => {
    const bits = bitmapOf(2 * PAGES_1G, ...ranges);
    bits.forEachClearRun(0, 2 * PAGES_1G, (_firstBit, endBit) => {
      bits.set(0, endBit);
      return 0;
    });
    expect(bits.allSet(0, 2 * PAGES_1G)).toBe(true);
  });

  test('scatters bits behind the walk, so that records move, and the walk goes on', () => {
    const bits = bitmapOf(2 * PAGES_1G, ...ranges);
    const seen = runsOf((emit) =>
      bits.forEachSetRun(0, 2 * PAGES_1G, (firstBit, endBit) => {
        for (let bit = 0; bit < endBit; bit += 300) bits.assign(bit, bit + 1, !bits.test(bit));
        return emit(firstBit, endBit);
      }),
    );
    expect(seen).toBe(whole);
  });

  test('does the same to a walk over several small bitmaps', () => {
    const a = bitmapOf(32, [1, 3], [5, 9], [30, 32]);
    const b = bitmapOf(32, [0, 32]);
    const conditions = [{ bits: a, is: true }, { bits: b, is: true }];
    const seen = runsOf((emit) =>
      forEachRunWhere(conditions, 0, 32, (firstBit, endBit) => {
        a.clear(firstBit, endBit);
        b.clear(0, endBit);
        return emit(firstBit, endBit);
      }),
    );
    expect([seen, a.allClear(0, 32), b.allClear(0, 32)]).toEqual(['1-3 5-9 30-32 -> 0', true, true]);
  });

  test('does the same to a walk over several bitmaps', () => {
    const a = bitmapOf(2 * PAGES_1G, ...ranges);
    const b = bitmapOf(2 * PAGES_1G, [0, 2 * PAGES_1G]);
    const seen = runsOf((emit) =>
      forEachRunOfBoth(a, b, 0, 2 * PAGES_1G, (firstBit, endBit) => {
        a.clear(firstBit, endBit);
        b.clear(0, endBit);
        return emit(firstBit, endBit);
      }),
    );
    expect(seen).toBe(whole);
  });
});

describe('memory', () => {
  test('a uniform 1 TiB bitmap holds 8 bytes', () => {
    const bits = new Bitmap(PAGES_1T);
    expect(bits.byteCount).toBe(8);
    bits.set(0, PAGES_1T);
    expect([bits.classify(0, PAGES_1T), bits.byteCount]).toEqual(['set', 8]);
  });

  test('one run of up to 4095 pages in a gigabyte of 1 TiB holds one node', () => {
    expect(bitmapOf(PAGES_1T, [5, 6], [PAGES_1G + 9, PAGES_1G + 9 + 4095]).byteCount).toBe(8 + 2248);
  });

  test('two pages of 1 TiB in one 2 MiB hold two nodes and a leaf', () => {
    expect(bitmapOf(PAGES_1T, [5, 6], [9, 10]).byteCount).toBe(8 + 2 * 2248 + 64);
  });

  test('whole 2 MiB and 1 GiB regions hold no leaf', () => {
    const bits = bitmapOf(PAGES_1T, [PAGES_2M, 3 * PAGES_2M], [PAGES_1G, 5 * PAGES_1G]);
    expect(bits.byteCount).toBe(8 + 2248);
    bits.set(10 * PAGES_2M, 11 * PAGES_2M);
    expect(bits.byteCount).toBe(8 + 2 * 2248);
  });

  test('33 pages, one run of them set, hold 4 bytes, two runs 68', () => {
    expect(bitmapOf(33, [3, 4]).byteCount).toBe(4);
    expect(bitmapOf(33, [3, 4], [6, 7]).byteCount).toBe(4 + 64);
  });

  test('32 pages hold no array at all', () => {
    expect(bitmapOf(32, [3, 4]).byteCount).toBe(0);
  });

  test('1 GiB and 1000 scattered pages of 1 TiB hold less than a twentieth of a flat bitmap', () => {
    const bits = bitmapOf(PAGES_1T, [PAGES_1G, 2 * PAGES_1G]);
    for (let page = 0; page < 1000; page += 1) {
      const bit = scattered(page) % PAGES_1T;
      bits.set(bit, bit + 1);
    }
    expect(bits.byteCount).toBeLessThan(PAGES_1T / 8 / 20);
  });

  test('alternating pages hold at most 1.15 times a flat bitmap', () => {
    const bits = new Bitmap(4 * PAGES_1G);
    for (let bit = 0; bit < 4 * PAGES_1G; bit += 2) bits.set(bit, bit + 1);
    expect(bits.popcount(0, 4 * PAGES_1G)).toBe(2 * PAGES_1G);
    expect(bits.byteCount).toBeLessThanOrEqual(((4 * PAGES_1G) / 8) * 1.15);
  });

  test('bytes stay bounded over many rounds of the same scatter', () => {
    const bits = new Bitmap(16 * PAGES_1G);
    const bytes = new Set<number>();
    for (let round = 0; round < 50; round += 1) {
      for (let page = 0; page < 200; page += 1) bits.set(page * 20_000 + round, page * 20_000 + round + 1);
      bytes.add(bits.byteCount);
      for (let page = 0; page < 200; page += 1) bits.clear(page * 20_000 + round, page * 20_000 + round + 1);
      bytes.add(bits.byteCount);
    }
    expect(bits.allClear(0, 16 * PAGES_1G)).toBe(true);
    expect(Math.max(...bytes)).toBeLessThanOrEqual(64 + 16 * 2248 + 256 * 64);
  });

  test('of what falls empty 2 MiB are kept, and nothing of what was more', () => {
    const leafCount = 36_000;
    const bits = new Bitmap(leafCount * 512);
    for (let leaf = 0; leaf < leafCount; leaf += 1) {
      bits.set(leaf * 512, leaf * 512 + 1);
      bits.set(leaf * 512 + 2, leaf * 512 + 3);
    }
    expect(bits.byteCount).toBeGreaterThan(leafCount * 64);
    bits.clear(0, bits.bitCount);
    const nodeBytes = 72 * 2248;
    expect(bits.byteCount).toBeLessThan(64 + 2 * nodeBytes);
    expect(bits.byteCount).toBeGreaterThan(nodeBytes / 2);
  });

  test('a freed record is used again while others live', () => {
    const bits = bitmapOf(8192, [0, 1], [1000, 1001]);
    const bytes = bits.byteCount;
    for (let round = 0; round < 100; round += 1) {
      bits.clear(1000, 1001);
      bits.set(2000, 2001);
      bits.clear(2000, 2001);
      bits.set(1000, 1001);
    }
    expect(bits.byteCount).toBe(bytes);
    expect(setRuns(bits, 0, 8192)).toBe('0-1 1000-1001 -> 0');
  });
});
