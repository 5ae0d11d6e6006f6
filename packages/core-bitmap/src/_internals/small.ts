// SPDX-License-Identifier: MIT
/*
 * The form of a bitmap of at most 32 bits: one number, bit 0 lowest. Same questions as the tree, a few instructions
 * each, and nothing to allocate: worlds of a few pages are searched by the million. Ranges are not empty unless said
 * otherwise. Does not check the range: the caller did.
 */
import type { Occupancy } from '../occupancy.ts';
import { countWord } from './words.ts';

/** Bits of the number; JavaScript's bit operations have no more. */
export const SMALL_BIT_COUNT = 32;

/** The bits of `[first, end)`, 1 to 32 of them. */
export function maskOf(first: number, end: number): number {
  return (-1 << first) & (-1 >>> (32 - end));
}

export function classifySmall(bits: number, first: number, end: number): Occupancy {
  const mask = maskOf(first, end);
  const inside = bits & mask;
  if (inside === 0) return 'clear';
  return inside === mask ? 'set' : 'mixed';
}

/** The first bit of `[first, end)` that, xor `flip`, is 1; `end` when there is none. The range may be empty. */
export function findSmall(bits: number, first: number, end: number, flip: number): number {
  if (first === end) return end;
  const found = (bits ^ flip) & maskOf(first, end);
  return found === 0 ? end : 31 - Math.clz32(found & -found);
}

export function countSmall(bits: number, first: number, end: number): number {
  return countWord(bits & maskOf(first, end));
}
