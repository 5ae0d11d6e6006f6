// SPDX-License-Identifier: MIT
/*
 * The common writes, those that need no new record: some pages of a mixed leaf, all of a 2 MiB or 1 GiB slot, and what
 * leaves no more than one run in a slot. One way down, then the counts on the way are set
 * right, then what became uniform is given back from below. Does not cover the last bit of the bitmap (the bits after it
 * follow it).
 */
import { addToCounts, summarize, writeSlot } from './node.ts';
import { fillOneRun, NEEDS_RECORD } from './one-run.ts';
import { ALL_SET, GROUP_COUNTS, HAS_CLEAR, HAS_SET, LEAF_SHIFT, LEAF_WORDS, LEVEL_SHIFT, TOTAL } from './radix.ts';
import type { Radix } from './radix.ts';
import { allWordsAre, countBits, writeBits } from './words.ts';

const NO_NODE = -1;

/**
 * False when there is a record to take first; nothing has changed then. `first..last` lies in one slot of 2^`span` bits,
 * and is all of it where `span` is more than that of a leaf.
 */
export function fillInPlace(tree: Radix, first: number, last: number, value: number, span: number): boolean {
  const nodes = tree.nodes.words;
  let shift = tree.rootShift;
  let slot = tree.root[first >>> shift]!;
  let upper = NO_NODE;
  let lower = NO_NODE;
  while (slot > 0 && shift > span) {
    shift -= LEVEL_SHIFT;
    upper = lower;
    lower = slot - 1;
    slot = nodes[lower + ((first >>> shift) & 511)]!;
  }
  if (slot === value) return true;
  const mask = (1 << shift) - 1;
  const isWhole = last - first === mask;
  if (isWhole && slot === ~value && lower !== NO_NODE) {
    if (turnSlot(nodes, lower, upper, first >>> shift, shift, value)) return true;
    writeUpwards(tree, first, shift, upper, lower, value);
    return true;
  }
  if (slot > 0 && !isWhole) return fillLeafInPlace(tree, slot, first, last, upper, lower, value);
  const made = isWhole ? value : fillOneRun(slot, shift, first & mask, last & mask, value);
  if (made === NEEDS_RECORD) return false;
  addOnTheWay(nodes, first, shift, upper, lower, tree.countOf(made, shift) - tree.countOf(slot, shift));
  writeUpwards(tree, first, shift, upper, lower, made);
  tree.release(slot, shift);
  return true;
}

/** A uniform slot below two nodes at most turns over: straight on, as most large conversions are this. False: a node is uniform now. */
function turnSlot(
  nodes: Int32Array,
  lower: number,
  upper: number,
  number: number,
  shift: number,
  value: number,
): boolean {
  const size = 1 << shift;
  const delta = value === ALL_SET ? size : -size;
  const index = number & 511;
  const group = lower + (index >>> 5);
  const bit = 1 << (index & 31);
  nodes[lower + index] = value;
  const hasSet = nodes[group + HAS_SET]! ^ bit;
  const hasClear = nodes[group + HAS_CLEAR]! ^ bit;
  nodes[group + HAS_SET] = hasSet;
  nodes[group + HAS_CLEAR] = hasClear;
  // Only a word that becomes or was 0 changes the summary.
  const isEdge = hasSet === 0 || hasClear === 0 || hasSet === bit || hasClear === bit;
  if (isEdge) summarize(nodes, lower, index >>> 5);
  nodes[group + GROUP_COUNTS]! += delta;
  const total = nodes[lower + TOTAL]! + delta;
  nodes[lower + TOTAL] = total;
  if (upper !== NO_NODE) addToCounts(nodes, upper, (number >>> LEVEL_SHIFT) & 511, delta);
  return total !== (value & (size << LEVEL_SHIFT));
}

function fillLeafInPlace(
  tree: Radix,
  ref: number,
  first: number,
  last: number,
  upper: number,
  lower: number,
  value: number,
): boolean {
  const words = tree.leaves.words;
  const low = first & 511;
  const high = last & 511;
  const before = countBits(words, ref - 1, low, high);
  const delta = (value === ALL_SET ? high - low + 1 : 0) - before;
  if (delta === 0) return true;
  addOnTheWay(tree.nodes.words, first, LEAF_SHIFT, upper, lower, delta);
  writeBits(words, ref - 1, low, high, value);
  if (!allWordsAre(words, ref - 1, LEAF_WORDS, value)) return true;
  tree.leaves.give(ref - 1);
  writeUpwards(tree, first, LEAF_SHIFT, upper, lower, value);
  return true;
}

function addOnTheWay(
  nodes: Int32Array,
  first: number,
  shift: number,
  upper: number,
  lower: number,
  delta: number,
): void {
  if (lower !== NO_NODE) addToCounts(nodes, lower, (first >>> shift) & 511, delta);
  if (upper !== NO_NODE) addToCounts(nodes, upper, (first >>> (shift + LEVEL_SHIFT)) & 511, delta);
}

/** Writes the slot of 2^`shift` bits that holds `first`, and those above it that are uniform by that. */
function writeUpwards(tree: Radix, first: number, shift: number, upper: number, lower: number, slot: number): void {
  const nodes = tree.nodes.words;
  if (lower !== NO_NODE) {
    writeSlot(nodes, lower, (first >>> shift) & 511, slot);
    if (slot < ALL_SET || nodes[lower + TOTAL] !== (slot & (1 << (shift + LEVEL_SHIFT)))) return;
    tree.nodes.give(lower);
  }
  if (upper !== NO_NODE) {
    // Giving back drops the array only when no other node is in it.
    writeSlot(nodes, upper, (first >>> (shift + LEVEL_SHIFT)) & 511, slot);
    if (nodes[upper + TOTAL] !== (slot & (1 << (shift + 2 * LEVEL_SHIFT)))) return;
    tree.nodes.give(upper);
  }
  tree.writeRoot(first >>> tree.rootShift, slot);
}
