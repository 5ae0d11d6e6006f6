// SPDX-License-Identifier: MIT
/** A flat bitmap in JavaScript: an Int32Array and the loops one writes first. Warm, typed, and it stops where it may: no straw man. */
import type { EmitBits } from '@sda-lab/core-bitmap';

/** The first bit of `[from, end)` that, xor `flip`, is 1; `end` when there is none. */
export function naiveNext(words: Int32Array, from: number, end: number, flip: number): number {
  if (from >= end) return end;
  const last = (end - 1) >>> 5;
  let at = from >>> 5;
  let word = (words[at]! ^ flip) & (-1 << (from & 31));
  while (word === 0 && at < last) {
    at += 1;
    word = words[at]! ^ flip;
  }
  if (word === 0) return end;
  return Math.min(end, (at << 5) + 31 - Math.clz32(word & -word));
}

export function naiveRuns(words: Int32Array, first: number, end: number, flip: number, emit: EmitBits): void {
  let from = naiveNext(words, first, end, flip);
  while (from < end) {
    const stop = naiveNext(words, from, end, ~flip);
    emit(from, stop);
    from = naiveNext(words, stop, end, flip);
  }
}

export function naiveFill(words: Int32Array, first: number, end: number, value: number): void {
  const low = first >>> 5;
  const high = (end - 1) >>> 5;
  const head = -1 << (first & 31);
  const tail = -1 >>> (31 - ((end - 1) & 31));
  const put = (at: number, mask: number): void => {
    words[at] = (words[at]! & ~mask) | (value & mask);
  };
  if (low === high) {
    put(low, head & tail);
    return;
  }
  put(low, head);
  words.fill(value, low + 1, high);
  put(high, tail);
}

/** 0 clear, 1 set, 2 both. */
export function naiveClassify(words: Int32Array, first: number, end: number): number {
  if (naiveNext(words, first, end, 0) === end) return 0;
  return naiveNext(words, first, end, -1) === end ? 1 : 2;
}

export function naiveCount(words: Int32Array, first: number, end: number): number {
  const high = (end - 1) >>> 5;
  let count = 0;
  for (let at = first >>> 5; at <= high; at += 1) {
    let word = words[at]!;
    if (at === first >>> 5) word &= -1 << (first & 31);
    if (at === high) word &= -1 >>> (31 - ((end - 1) & 31));
    word -= (word >>> 1) & 0x5555_5555;
    word = (word & 0x3333_3333) + ((word >>> 2) & 0x3333_3333);
    count += Math.imul((word + (word >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
  }
  return count;
}

/** Runs of one AND other. */
export function naiveBoth(one: Int32Array, other: Int32Array, emit: EmitBits): void {
  let open = -1;
  for (let at = 0; at < one.length; at += 1) {
    const word = one[at]! & other[at]!;
    let edges = word ^ ((word << 1) | (open < 0 ? 0 : 1));
    while (edges !== 0) {
      const edge = (at << 5) + 31 - Math.clz32(edges & -edges);
      edges &= edges - 1;
      if (open >= 0) emit(open, edge);
      open = open < 0 ? edge : -1;
    }
  }
  if (open >= 0) emit(open, one.length * 32);
}
