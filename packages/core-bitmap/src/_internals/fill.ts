// SPDX-License-Identifier: MIT
/*
 * Writing a range: fill(tree, first, last, value) makes every bit of first..last equal value (ALL_CLEAR or
 * ALL_SET). A slot wholly inside the range becomes uniform and its subtree is given back; a slot at an edge is
 * split; a child that became uniform is given back at once. Does not check the range: the caller did.
 */
import { ALL_CLEAR, ALL_SET, HAS_CLEAR, HAS_SET, LEAF_SHIFT, LEAF_WORDS, LEVEL_SHIFT, PLANE_WORDS } from './radix.ts';
import type { Radix } from './radix.ts';
import { allWordsAre, writeBits } from './words.ts';

export function fill(tree: Radix, first: number, last: number, value: number): void {
  tree.edition = (tree.edition + 1) | 0;
  if (fillInsideLeaf(tree, first, last, value)) return;
  const shift = tree.rootShift;
  const mask = (1 << shift) - 1;
  // The bits after the last one follow it, see the invariants of the tree.
  const end = last === tree.bitCount - 1 ? last | mask : last;
  for (let slot = first >>> shift; slot <= end >>> shift; slot += 1) {
    const low = Math.max(first, slot << shift);
    const high = Math.min(end, (slot << shift) | mask);
    tree.root[slot] = fillSlot(tree, tree.root[slot]!, shift, low, high, value);
  }
}

/**
 * The common case, one or a few pages in a leaf that is mixed before and after: nothing above it changes.
 * False when there is more to do; the leaf may be written by then, which the full way repeats.
 */
function fillInsideLeaf(tree: Radix, first: number, last: number, value: number): boolean {
  if ((first ^ last) >>> LEAF_SHIFT !== 0 || last === tree.bitCount - 1) return false;
  let shift = tree.rootShift;
  let slot = tree.root[first >>> shift]!;
  const nodes = tree.nodes.words;
  while (slot > 0 && shift > LEAF_SHIFT) {
    shift -= LEVEL_SHIFT;
    slot = nodes[slot - 1 + ((first >>> shift) & 511)]!;
  }
  if (slot <= 0) return slot === value;
  const leaves = tree.leaves.words;
  writeBits(leaves, slot - 1, first & 511, last & 511, value);
  return !allWordsAre(leaves, slot - 1, LEAF_WORDS, value);
}

/** What the slot holds afterwards; `first..last` lies inside its 2^`shift` bits. */
function fillSlot(tree: Radix, slot: number, shift: number, first: number, last: number, value: number): number {
  if (slot === value) return value;
  const mask = (1 << shift) - 1;
  if ((first & mask) === 0 && (last & mask) === mask) {
    if (slot > 0) tree.release(slot, shift);
    return value;
  }
  if (shift === LEAF_SHIFT) return fillLeaf(tree, slot, first, last, value);
  return fillNode(tree, slot, shift, first, last, value);
}

function fillLeaf(tree: Radix, slot: number, first: number, last: number, value: number): number {
  const ref = slot > 0 ? slot : tree.takeLeaf(slot);
  const words = tree.leaves.words;
  writeBits(words, ref - 1, first & 511, last & 511, value);
  if (!allWordsAre(words, ref - 1, LEAF_WORDS, value)) return ref;
  tree.leaves.give(ref - 1);
  return value;
}

function fillNode(tree: Radix, slot: number, shift: number, first: number, last: number, value: number): number {
  const ref = slot > 0 ? slot : tree.takeNode(slot);
  const below = shift - LEVEL_SHIFT;
  const mask = (1 << below) - 1;
  let from = (first >>> below) & 511;
  let to = (last >>> below) & 511;
  if (from === to) {
    fillChild(tree, ref, from, below, first, last, value);
  } else {
    if ((first & mask) !== 0) {
      fillChild(tree, ref, from, below, first, first | mask, value);
      from += 1;
    }
    if ((last & mask) !== mask) {
      fillChild(tree, ref, to, below, last & ~mask, last, value);
      to -= 1;
    }
    if (from <= to) fillWholeSlots(tree, ref, shift, from, to, value);
  }
  const otherPlane = ref - 1 + (value === ALL_SET ? HAS_CLEAR : HAS_SET);
  if (!allWordsAre(tree.nodes.words, otherPlane, PLANE_WORDS, 0)) return ref;
  tree.nodes.give(ref - 1);
  return value;
}

function fillChild(
  tree: Radix,
  ref: number,
  index: number,
  below: number,
  first: number,
  last: number,
  value: number,
): void {
  const before = tree.nodes.words[ref - 1 + index]!;
  const slot = fillSlot(tree, before, below, first, last, value);
  if (slot === before) return;
  // Read the array only now: taking a node below may have replaced it.
  const words = tree.nodes.words;
  words[ref - 1 + index] = slot;
  writePlane(words, ref - 1 + HAS_SET, index, slot !== ALL_CLEAR);
  writePlane(words, ref - 1 + HAS_CLEAR, index, slot !== ALL_SET);
}

function writePlane(words: Int32Array, plane: number, index: number, on: boolean): void {
  const at = plane + (index >>> 5);
  const bit = 1 << (index & 31);
  words[at] = on ? words[at]! | bit : words[at]! & ~bit;
}

function fillWholeSlots(tree: Radix, ref: number, shift: number, from: number, to: number, value: number): void {
  tree.releaseChildren(ref, shift, from, to);
  const words = tree.nodes.words;
  const base = ref - 1;
  words.fill(value, base + from, base + to + 1);
  writeBits(words, base + HAS_SET, from, to, value);
  writeBits(words, base + HAS_CLEAR, from, to, ~value);
}
