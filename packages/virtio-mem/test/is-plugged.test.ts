// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { createBench } from './support/bench.ts';

describe('isPlugged', () => {
  const { device } = createBench();
  device.plug(1, 2); // pages 4 to 11

  for (const [first, end, answer, why] of [
    [4, 12, true, 'exactly the plugged blocks'],
    [5, 6, true, 'one page inside'],
    [7, 9, true, 'over the border of two plugged blocks'],
    [3, 5, false, 'one page too low'],
    [11, 13, false, 'one page too high'],
    [0, 4, false, 'an unplugged block'],
    [6, 6, false, 'an empty range'],
    [8, 4, false, 'a reversed range'],
    [-1, 5, false, 'a range that starts below the block'],
    [28, 33, false, 'a range that leaves the block'],
    [400, 404, false, 'a range far outside'],
  ] as const) {
    test(`${why} is ${answer ? 'plugged' : 'not plugged'}`, () => {
      expect(device.isPlugged(first, end)).toBe(answer);
    });
  }

  test('a part outside the usable region is not plugged', () => {
    const small = createBench({ requestedBlocks: 2, extentPages: 0 }).device;
    small.plug(0, 2);
    expect(small.isPlugged(0, 8)).toBe(true);
    expect(small.isPlugged(0, 9)).toBe(false);
  });
});
