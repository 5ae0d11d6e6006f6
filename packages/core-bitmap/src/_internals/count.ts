// SPDX-License-Identifier: MIT
/*
 * count(tree, first, last): how many bits of first..last are set. Uniform slots are counted whole, 32 at a time
 * by the planes of their node; only mixed leaves are read word by word. Does not check the range.
 */
import { HAS_CLEAR, HAS_SET, LEAF_SHIFT, LEVEL_SHIFT } from './radix.ts';
import type { Radix } from './radix.ts';
import { countBits, countWord, maskOfWord } from './words.ts';

export function count(tree: Radix, first: number, last: number): number {
  const shift = tree.rootShift;
  const mask = (1 << shift) - 1;
  let total = 0;
  for (let index = first >>> shift; index <= last >>> shift; index += 1) {
    const low = Math.max(first, index << shift);
    const high = Math.min(last, (index << shift) | mask);
    total += countSlot(tree, tree.root[index]!, shift, low, high);
  }
  return total;
}

function countSlot(tree: Radix, slot: number, shift: number, first: number, last: number): number {
  if (slot <= 0) return slot === 0 ? 0 : last - first + 1;
  if (shift > LEAF_SHIFT) return countNode(tree, slot, shift, first, last);
  return countBits(tree.leaves.words, slot - 1, first & 511, last & 511);
}

function countNode(tree: Radix, ref: number, shift: number, first: number, last: number): number {
  const words = tree.nodes.words;
  const below = shift - LEVEL_SHIFT;
  const mask = (1 << below) - 1;
  const from = (first >>> below) & 511;
  const to = (last >>> below) & 511;
  if (from === to) return countSlot(tree, words[ref - 1 + from]!, below, first, last);
  const head = countSlot(tree, words[ref - 1 + from]!, below, first, first | mask);
  const tail = countSlot(tree, words[ref - 1 + to]!, below, last & ~mask, last);
  return from + 1 === to ? head + tail : head + countWholeSlots(tree, ref, below, from + 1, to - 1) + tail;
}

function countWholeSlots(tree: Radix, ref: number, below: number, from: number, to: number): number {
  const words = tree.nodes.words;
  const base = ref - 1;
  let total = 0;
  for (let at = from >>> 5; at <= to >>> 5; at += 1) {
    const inside = maskOfWord(at, from, to);
    const hasSet = words[base + HAS_SET + at]! & inside;
    const hasClear = words[base + HAS_CLEAR + at]!;
    total += countWord(hasSet & ~hasClear) * 2 ** below;
    let mixed = hasSet & hasClear;
    while (mixed !== 0) {
      const index = (at << 5) + 31 - Math.clz32(mixed & -mixed);
      total += countSlot(tree, words[base + index]!, below, 0, 2 ** below - 1);
      mixed &= mixed - 1;
    }
  }
  return total;
}
