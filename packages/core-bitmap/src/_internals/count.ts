// SPDX-License-Identifier: MIT
/*
 * count(tree, first, last): how many bits of first..last are set. Of a node only the two groups of 32 slots at the edges
 * are looked at slot by slot, and of those the smaller side of the edge; the rest is in its counts. So at most 16 slots
 * an edge and level, and as many leaves, are read, however long the range. Does not check the range.
 */
import { countOneRunWithin } from './one-run.ts';
import { ALL_CLEAR, ALL_SET, GROUP_COUNTS, HAS_CLEAR, HAS_SET, LEAF_SHIFT, LEVEL_SHIFT } from './radix.ts';
import type { Radix } from './radix.ts';
import { countBits, countWord, maskOfWord } from './words.ts';

export function count(tree: Radix, first: number, last: number): number {
  const shift = tree.rootShift;
  const mask = (1 << shift) - 1;
  let total = 0;
  for (let index = first >>> shift; index <= last >>> shift; index += 1) {
    const low = Math.max(first, index << shift);
    const high = Math.min(last, (index << shift) | mask);
    total += countSlot(tree, tree.root[index]!, shift, low & mask, high & mask);
  }
  return total;
}

/** Positions are local to the slot from here on. */
function countSlot(tree: Radix, slot: number, shift: number, first: number, last: number): number {
  if (slot < ALL_SET) return countOneRunWithin(slot, first, last);
  if (slot <= 0) return slot === ALL_CLEAR ? 0 : last - first + 1;
  if (last - first === (1 << shift) - 1) return tree.countOf(slot, shift);
  if (shift === LEAF_SHIFT) return countBits(tree.leaves.words, slot - 1, first, last);
  return countNode(tree, slot - 1, shift - LEVEL_SHIFT, first, last);
}

/** `below`: log2 of the bits of a slot of the node. */
function countNode(tree: Radix, base: number, below: number, first: number, last: number): number {
  const words = tree.nodes.words;
  const mask = (1 << below) - 1;
  const from = first >>> below;
  const to = last >>> below;
  if (from === to) return countSlot(tree, words[base + from]!, below, first & mask, last & mask);
  const head = countSlot(tree, words[base + from]!, below, first & mask, mask);
  const tail = countSlot(tree, words[base + to]!, below, 0, last & mask);
  return from + 1 === to ? head + tail : head + countWholeSlots(tree, base, below, from + 1, to - 1) + tail;
}

function countWholeSlots(tree: Radix, base: number, below: number, from: number, to: number): number {
  const words = tree.nodes.words;
  let total = 0;
  for (let group = from >>> 5; group <= to >>> 5; group += 1) {
    const inside = maskOfWord(group, from, to);
    // Of an edge group the smaller part is looked at.
    total += countWord(inside) <= 16
      ? countSlots(tree, base, below, group, inside)
      : words[base + GROUP_COUNTS + group]! - countSlots(tree, base, below, group, ~inside);
  }
  return total;
}

/** Set bits of the slots of a group whose bit in `inside` is 1. */
function countSlots(tree: Radix, base: number, below: number, group: number, inside: number): number {
  const words = tree.nodes.words;
  const hasSet = words[base + HAS_SET + group]! & inside;
  const hasClear = words[base + HAS_CLEAR + group]!;
  let total = countWord(hasSet & ~hasClear) << below;
  for (let mixed = hasSet & hasClear; mixed !== 0; mixed &= mixed - 1) {
    const index = (group << 5) + 31 - Math.clz32(mixed & -mixed);
    total += tree.countOf(words[base + index]!, below);
  }
  return total;
}
