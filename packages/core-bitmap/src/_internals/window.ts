// SPDX-License-Identifier: MIT
/*
 * Up to 32 neighbouring bits of a tree as one number, the first of them lowest, read and written. Writing touches only
 * what differs, so putting a bitmap back into a state it hardly left costs hardly more than reading it. Does not check
 * the range: the caller did.
 */
import { fill } from './fill.ts';
import { runEnd, runStart, runValue } from './one-run.ts';
import { ALL_CLEAR, ALL_SET, LEAF_SHIFT, LEVEL_SHIFT } from './radix.ts';
import type { Radix } from './radix.ts';

/** 1 to 32 bits from `first` on; the bits above them are 0. */
export function readWord(tree: Radix, first: number, count: number): number {
  const inLeaf = 512 - (first & 511);
  if (count > inLeaf) {
    return readWord(tree, first, inLeaf) | (readWord(tree, first + inLeaf, count - inLeaf) << inLeaf);
  }
  const nodes = tree.nodes.words;
  let shift = tree.rootShift;
  let slot = tree.root[first >>> shift]!;
  while (slot > 0 && shift > LEAF_SHIFT) {
    shift -= LEVEL_SHIFT;
    slot = nodes[slot - 1 + ((first >>> shift) & 511)]!;
  }
  const mask = -1 >>> (32 - count);
  if (slot < ALL_SET) return wordOfOneRun(slot, first & ((1 << shift) - 1), count) & mask;
  if (slot <= 0) return slot & mask;
  const leaves = tree.leaves.words;
  const at = slot - 1 + ((first >>> 5) & 15);
  const low = first & 31;
  const word = leaves[at]! >>> low;
  return (low + count <= 32 ? word : word | (leaves[at + 1]! << (32 - low))) & mask;
}

/** 1 to 32 bits from `first` on, in the first bits of the word. */
function wordOfOneRun(slot: number, first: number, count: number): number {
  const start = Math.max(0, runStart(slot) - first);
  const end = Math.min(count, runEnd(slot) - first);
  const inRun = start < end ? (-1 << start) & (-1 >>> (32 - end)) : 0;
  return runValue(slot) === ALL_SET ? inRun : ~inRun;
}

export function writeWord(tree: Radix, first: number, count: number, value: number): void {
  let differing = (readWord(tree, first, count) ^ value) & (-1 >>> (32 - count));
  while (differing !== 0) {
    const low = 31 - Math.clz32(differing & -differing);
    const isSet = ((value >>> low) & 1) === 1;
    // The run of differing bits that are to become the same.
    const ending = ~((differing & (isSet ? value : ~value)) >>> low);
    const length = ending === 0 ? 32 : 31 - Math.clz32(ending & -ending);
    fill(tree, first + low, first + low + length - 1, isSet ? ALL_SET : ALL_CLEAR);
    differing &= low + length === 32 ? 0 : -1 << (low + length);
  }
}
