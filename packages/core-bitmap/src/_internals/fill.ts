// SPDX-License-Identifier: MIT
/*
 * Writing a range: fill(tree, first, last, value) makes every bit of first..last equal value (ALL_CLEAR or
 * ALL_SET). A slot wholly inside the range becomes uniform and its subtree is given back; a slot at an edge is
 * split; a child that became uniform is given back at once. Each step down leaves in tree.delta what its slot's set bits
 * have grown by, for the counts above. Does not check the range: the caller did.
 */
import { fillInPlace } from './fill-in-place.ts';
import { addToCounts, summarize, writeSlot } from './node.ts';
import { around, fillOneRun, NEEDS_RECORD, ONE_RUN_SHIFT, runEnd, runStart, runValue } from './one-run.ts';
import { ALL_SET, GROUP_COUNTS, HAS_CLEAR, HAS_SET, LEAF_SHIFT, LEAF_WORDS, LEVEL_SHIFT, TOTAL } from './radix.ts';
import type { Radix } from './radix.ts';
import { allWordsAre, countBits, maskOfWord, writeBits } from './words.ts';

const PAGE_MASK_1G = (1 << ONE_RUN_SHIFT) - 1;

export function fill(tree: Radix, first: number, last: number, value: number): void {
  tree.edition = (tree.edition + 1) | 0;
  // The bits after the last one follow it, see the invariants of the tree.
  const holdsLast = last === tree.bitCount - 1;
  if (!holdsLast) {
    const span = (first ^ last) >>> LEAF_SHIFT === 0 ? LEAF_SHIFT : ONE_RUN_SHIFT;
    const isOne = span === LEAF_SHIFT || ((first & PAGE_MASK_1G) === 0 && last === (first | PAGE_MASK_1G));
    if (isOne && tree.rootShift >= span && fillInPlace(tree, first, last, value, span)) return;
  }
  const shift = tree.rootShift;
  const mask = (1 << shift) - 1;
  const end = holdsLast ? last | mask : last;
  for (let slot = first >>> shift; slot <= end >>> shift; slot += 1) {
    const low = Math.max(first, slot << shift);
    const high = Math.min(end, (slot << shift) | mask);
    tree.writeRoot(slot, fillSlot(tree, tree.root[slot]!, shift, low, high, value));
  }
}

/** What the slot holds afterwards; `first..last` lies inside its 2^`shift` bits. */
function fillSlot(tree: Radix, slot: number, shift: number, first: number, last: number, value: number): number {
  tree.delta = 0;
  if (slot === value) return value;
  const mask = (1 << shift) - 1;
  if ((first & mask) === 0 && (last & mask) === mask) {
    tree.delta = (value & (1 << shift)) - tree.countOf(slot, shift);
    if (slot > 0) tree.release(slot, shift);
    return value;
  }
  return slot > 0 ? fillChild(tree, slot, shift, first, last, value) : split(tree, slot, shift, first, last, value);
}

/** `slot` is uniform or holds one run. */
function split(tree: Radix, slot: number, shift: number, first: number, last: number, value: number): number {
  const mask = (1 << shift) - 1;
  const made = fillOneRun(slot, shift, first & mask, last & mask, value);
  if (made !== NEEDS_RECORD) {
    tree.delta = tree.countOf(made, shift) - tree.countOf(slot, shift);
    return made;
  }
  const outside = slot < ALL_SET ? around(slot) : slot;
  const ref = shift === LEAF_SHIFT ? tree.takeLeaf(outside) : tree.takeNode(outside, shift);
  if (slot < ALL_SET) {
    const origin = first & ~mask;
    fillChild(tree, ref, shift, origin + runStart(slot), origin + runEnd(slot) - 1, runValue(slot));
  }
  return fillChild(tree, ref, shift, first, last, value);
}

function fillChild(tree: Radix, ref: number, shift: number, first: number, last: number, value: number): number {
  return shift === LEAF_SHIFT
    ? fillLeaf(tree, ref, first & 511, last & 511, value)
    : fillNode(tree, ref, shift, first, last, value);
}

function fillLeaf(tree: Radix, ref: number, first: number, last: number, value: number): number {
  const words = tree.leaves.words;
  const before = countBits(words, ref - 1, first, last);
  tree.delta = (value === ALL_SET ? last - first + 1 : 0) - before;
  writeBits(words, ref - 1, first, last, value);
  if (!allWordsAre(words, ref - 1, LEAF_WORDS, value)) return ref;
  tree.leaves.give(ref - 1);
  return value;
}

function fillNode(tree: Radix, ref: number, shift: number, first: number, last: number, value: number): number {
  const before = tree.nodes.words[ref - 1 + TOTAL]!;
  const below = shift - LEVEL_SHIFT;
  const mask = (1 << below) - 1;
  let from = (first >>> below) & 511;
  let to = (last >>> below) & 511;
  if (from === to) {
    fillOneSlot(tree, ref, from, below, first, last, value);
  } else {
    if ((first & mask) !== 0) {
      fillOneSlot(tree, ref, from, below, first, first | mask, value);
      from += 1;
    }
    if ((last & mask) !== mask) {
      fillOneSlot(tree, ref, to, below, last & ~mask, last, value);
      to -= 1;
    }
    if (from <= to) fillWholeSlots(tree, ref, shift, from, to, value);
  }
  const after = tree.nodes.words[ref - 1 + TOTAL]!;
  tree.delta = after - before;
  if (after !== (value & (1 << shift))) return ref;
  tree.nodes.give(ref - 1);
  return value;
}

function fillOneSlot(
  tree: Radix,
  ref: number,
  index: number,
  below: number,
  first: number,
  last: number,
  value: number,
): void {
  const slot = fillSlot(tree, tree.nodes.words[ref - 1 + index]!, below, first, last, value);
  // Read the array only now: taking a node below may have replaced it.
  const words = tree.nodes.words;
  writeSlot(words, ref - 1, index, slot);
  addToCounts(words, ref - 1, index, tree.delta);
}

function fillWholeSlots(tree: Radix, ref: number, shift: number, from: number, to: number, value: number): void {
  const words = tree.nodes.words;
  const base = ref - 1;
  const below = shift - LEVEL_SHIFT;
  for (let group = from >>> 5; group <= to >>> 5; group += 1) {
    const inside = maskOfWord(group, from, to);
    let before = inside === -1 ? words[base + GROUP_COUNTS + group]! : 0;
    let after = inside === -1 ? value & (32 << below) : 0;
    for (let left = inside === -1 ? 0 : inside; left !== 0; left &= left - 1) {
      const index = (group << 5) + 31 - Math.clz32(left & -left);
      before += tree.countOf(words[base + index]!, below);
      after += value & (1 << below);
    }
    addToCounts(words, base, group << 5, after - before);
  }
  tree.releaseChildren(ref, shift, from, to);
  words.fill(value, base + from, base + to + 1);
  writeBits(words, base + HAS_SET, from, to, value);
  writeBits(words, base + HAS_CLEAR, from, to, ~value);
  for (let group = from >>> 5; group <= to >>> 5; group += 1) summarize(words, base, group);
}
