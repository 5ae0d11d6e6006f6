// SPDX-License-Identifier: MIT
/*
 * Refusals of illegal bits, ranges and sizes. Every public call passes here first, so the tree below never
 * sees a position outside itself. Does not cover the meaning of the bits.
 */
import { BitRangeError } from '../bit-range-error.ts';

/** 8 TiB of 4 KiB pages: beyond it positions leave the 32-bit arithmetic of the tree. */
export const MAX_BIT_COUNT: number = 2 ** 31;

export function checkBitCount(bitCount: number): void {
  if (Number.isInteger(bitCount) && bitCount >= 1 && bitCount <= MAX_BIT_COUNT) return;
  throw new BitRangeError(
    'Bitmap',
    `bitCount ${String(bitCount)}`,
    `1 <= bitCount <= ${MAX_BIT_COUNT}, whole`,
    'Use one bitmap per RAM block, or several bitmaps side by side.',
  );
}

/* The checks themselves are short, so that the compiler takes them into every caller; the errors stand apart. */

export function checkBit(call: string, bit: number, bitCount: number): void {
  // Only a whole number from 0 to 2^32 - 1 survives the shift unchanged; NaN and fractions do not.
  if (bit >>> 0 !== bit || bit >= bitCount) throw badBit(call, bit, bitCount);
}

export function checkRange(call: string, firstBit: number, endBit: number, bitCount: number): void {
  if (firstBit >>> 0 === firstBit && endBit >>> 0 === endBit && firstBit <= endBit && endBit <= bitCount) return;
  throw badRange(call, firstBit, endBit, bitCount);
}

export function checkNonEmptyRange(call: string, firstBit: number, endBit: number, bitCount: number): void {
  checkRange(call, firstBit, endBit, bitCount);
  if (firstBit === endBit) throw emptyRange(call, firstBit, endBit, bitCount);
}

export function checkWords(call: string, words: Int32Array, at: number, firstBit: number, endBit: number): void {
  const count = (endBit - firstBit + 31) >>> 5;
  if (at >>> 0 !== at || at + count > words.length) throw badWords(call, at, count, words.length);
}

function badBit(call: string, bit: number, bitCount: number): BitRangeError {
  return new BitRangeError(
    call,
    `bit ${String(bit)}`,
    `0 <= bit < ${bitCount}, whole`,
    'Translate the address to a page of this bitmap first.',
  );
}

function badRange(call: string, firstBit: number, endBit: number, bitCount: number): BitRangeError {
  return new BitRangeError(
    call,
    `[${String(firstBit)}, ${String(endBit)})`,
    `0 <= firstBit <= endBit <= ${bitCount}, whole`,
    'Clip the range to the bitmap before the call; nothing is clipped here.',
  );
}

function emptyRange(call: string, firstBit: number, endBit: number, bitCount: number): BitRangeError {
  return new BitRangeError(
    call,
    `[${firstBit}, ${endBit})`,
    `0 <= firstBit < endBit <= ${bitCount}, whole`,
    'An empty range has no answer; leave the question out when there is no bit to ask about.',
  );
}

function badWords(call: string, at: number, count: number, length: number): BitRangeError {
  return new BitRangeError(
    call,
    `at ${String(at)}, ${count} words`,
    `0 <= at <= ${length - count}, whole`,
    'Give an array that holds the words from `at` on; a write past its end would be lost.',
  );
}
