// SPDX-License-Identifier: MIT
import { Bitmap, BitRangeError, forEachRunOfBoth, forEachRunWhere } from '@sda-lab/core-bitmap';
import { describe, expect, test } from 'vitest';

const goOn = (): number => 0;

/** The error a call throws; fails the test when it throws none or another. */
function refusalOf(call: () => unknown): BitRangeError {
  try {
    call();
  } catch (error) {
    if (error instanceof BitRangeError) return error;
    throw error;
  }
  throw new Error('the call was accepted');
}

type RangeCall = (bits: Bitmap, firstBit: number, endBit: number) => unknown;

const legalWhenEmpty: Record<string, { readonly call: RangeCall; readonly whenEmpty: unknown }> = {
  set: { call: (bits, first, end) => bits.set(first, end), whenEmpty: undefined },
  clear: { call: (bits, first, end) => bits.clear(first, end), whenEmpty: undefined },
  assign: { call: (bits, first, end) => bits.assign(first, end, true), whenEmpty: undefined },
  nextSet: { call: (bits, first, end) => bits.nextSet(first, end), whenEmpty: 3 },
  nextClear: { call: (bits, first, end) => bits.nextClear(first, end), whenEmpty: 3 },
  popcount: { call: (bits, first, end) => bits.popcount(first, end), whenEmpty: 0 },
  forEachSetRun: { call: (bits, first, end) => bits.forEachSetRun(first, end, () => 9), whenEmpty: 0 },
  forEachClearRun: { call: (bits, first, end) => bits.forEachClearRun(first, end, () => 9), whenEmpty: 0 },
  forEachRunWhere: {
    call: (bits, first, end) => forEachRunWhere([{ bits, is: true }], first, end, () => 9),
    whenEmpty: 0,
  },
  forEachRunOfBoth: { call: (bits, first, end) => forEachRunOfBoth(bits, bits, first, end, () => 9), whenEmpty: 0 },
};

const refusedWhenEmpty: Record<string, RangeCall> = {
  classify: (bits, first, end) => bits.classify(first, end),
  allSet: (bits, first, end) => bits.allSet(first, end),
  allClear: (bits, first, end) => bits.allClear(first, end),
};

const rangeCalls: [string, RangeCall][] = [
  ...Object.entries(legalWhenEmpty).map(([name, { call }]): [string, RangeCall] => [name, call]),
  ...Object.entries(refusedWhenEmpty),
];

const illegalRanges: [number, number][] = [
  [-1, 4],
  [0, 9],
  [9, 9],
  [5, 3],
  [0.5, 4],
  [0, 4.5],
  [Number.NaN, 4],
  [0, Number.NaN],
  [0, Infinity],
  [2 ** 32, 2 ** 32 + 1],
];

describe.each(rangeCalls)('%s', (name, call) => {
  test.each(illegalRanges)('refuses [%d, %d) of 8 bits and changes nothing', (firstBit, endBit) => {
    const bits = new Bitmap(8);
    bits.set(0, 3);
    const refusal = refusalOf(() => call(bits, firstBit, endBit));
    expect(refusal).toBeInstanceOf(RangeError);
    expect(refusal).toMatchObject({ name: 'BitRangeError', code: 'BIT_RANGE', call: name });
    expect(refusal.value).toBe(`[${firstBit}, ${endBit})`);
    expect(refusal.limit).toContain('8');
    expect(refusal.nextStep).not.toBe('');
    expect([bits.popcount(0, 8), bits.nextClear(0, 8)]).toEqual([3, 3]);
  });
});

describe('empty ranges', () => {
  test.each(Object.entries(legalWhenEmpty))('%s answers without touching a bit', (_name, { call, whenEmpty }) => {
    const bits = new Bitmap(8);
    bits.set(3, 4);
    expect(call(bits, 3, 3)).toBe(whenEmpty);
    expect(bits.popcount(0, 8)).toBe(1);
    expect(() => call(bits, 8, 8)).not.toThrow();
    expect(() => call(bits, 0, 0)).not.toThrow();
  });

  test.each(Object.entries(refusedWhenEmpty))('%s has no answer', (name, call) => {
    const refusal = refusalOf(() => call(new Bitmap(8), 3, 3));
    expect(refusal).toMatchObject({ code: 'BIT_RANGE', call: name, value: '[3, 3)' });
    expect(refusal.limit).toBe('0 <= firstBit < endBit <= 8, whole');
  });
});

describe('sizes and single bits', () => {
  test.each([0, -1, 1.5, Number.NaN, Infinity, 2 ** 31 + 1, 2 ** 32 + 8])('a bitmap of %d bits is refused', (bitCount) => {
    const refusal = refusalOf(() => new Bitmap(bitCount));
    expect(refusal).toMatchObject({ code: 'BIT_RANGE', call: 'Bitmap', value: `bitCount ${bitCount}` });
    expect(refusal.limit).toContain('2147483648');
  });

  test.each([-1, 8, 0.5, Number.NaN, Infinity, 2 ** 32])('bit %d of 8 is refused', (bit) => {
    expect(refusalOf(() => new Bitmap(8).test(bit))).toMatchObject({ call: 'test', value: `bit ${bit}` });
  });

  test('the message names call, value, limit and next step', () => {
    const { message } = refusalOf(() => new Bitmap(8).set(0, 9));
    expect(message).toBe(
      'set: [0, 9) is outside the limit 0 <= firstBit <= endBit <= 8, whole. ' +
        'Clip the range to the bitmap before the call; nothing is clipped here.',
    );
  });
});

describe('walks over several bitmaps', () => {
  test('the shortest bitmap is the limit', () => {
    const short = new Bitmap(8);
    const long = new Bitmap(64);
    const conditions = [{ bits: long, is: true }, { bits: short, is: false }];
    expect(refusalOf(() => forEachRunWhere(conditions, 0, 9, goOn)).limit).toContain('<= 8');
    expect(refusalOf(() => forEachRunOfBoth(long, short, 0, 9, goOn)).limit).toContain('<= 8');
    expect(forEachRunWhere(conditions, 0, 8, goOn)).toBe(0);
  });

  test('a window without any bitmap is checked, too', () => {
    expect(refusalOf(() => forEachRunWhere([], 5, 3, goOn))).toMatchObject({ call: 'forEachRunWhere' });
    expect(refusalOf(() => forEachRunWhere([], 0, 2 ** 31 + 1, goOn)).limit).toContain('2147483648');
  });
});
