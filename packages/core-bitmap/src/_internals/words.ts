// SPDX-License-Identifier: MIT
/*
 * Bits inside a stretch of 32-bit words that starts at `base`: leaves and the planes of nodes alike.
 * Positions are local (0 is bit 0 of word `base`), `last` is included. Does not cover slots or levels.
 */

/** Bits `low` to 31. */
function maskFrom(low: number): number {
  return -1 << (low & 31);
}

/** Bits 0 to `high`. */
function maskUpTo(high: number): number {
  return -1 >>> (31 - (high & 31));
}

/** `word` with the bits of `mask` taken from `value`, which is 0 or -1. */
function blend(word: number, mask: number, value: number): number {
  return (word & ~mask) | (value & mask);
}

export function writeBits(words: Int32Array, base: number, first: number, last: number, value: number): void {
  const low = base + (first >>> 5);
  const high = base + (last >>> 5);
  if (low === high) {
    words[low] = blend(words[low]!, maskFrom(first) & maskUpTo(last), value);
    return;
  }
  words[low] = blend(words[low]!, maskFrom(first), value);
  for (let at = low + 1; at < high; at += 1) words[at] = value;
  words[high] = blend(words[high]!, maskUpTo(last), value);
}

/** The first position in `first..last` whose bit, xor `flip`, is 1; -1 when there is none. */
export function findBit(words: Int32Array, base: number, first: number, last: number, flip: number): number {
  const high = base + (last >>> 5);
  let at = base + (first >>> 5);
  let word = (words[at]! ^ flip) & maskFrom(first);
  while (word === 0) {
    if (at === high) return -1;
    at += 1;
    word = words[at]! ^ flip;
  }
  const found = ((at - base) << 5) + 31 - Math.clz32(word & -word);
  return found <= last ? found : -1;
}

export function allWordsAre(words: Int32Array, base: number, count: number, value: number): boolean {
  for (let at = base; at < base + count; at += 1) {
    if (words[at] !== value) return false;
  }
  return true;
}

export function countWord(word: number): number {
  const pairs = word - ((word >>> 1) & 0x5555_5555);
  const fours = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/** The bits of word `at` (counted from `base`) that lie in `first..last`, as a mask. */
export function maskOfWord(at: number, first: number, last: number): number {
  const low = at === first >>> 5 ? maskFrom(first) : -1;
  return at === last >>> 5 ? low & maskUpTo(last) : low;
}

export function countBits(words: Int32Array, base: number, first: number, last: number): number {
  let count = 0;
  for (let at = first >>> 5; at <= last >>> 5; at += 1) {
    count += countWord(words[base + at]! & maskOfWord(at, first, last));
  }
  return count;
}
