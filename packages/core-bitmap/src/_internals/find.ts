// SPDX-License-Identifier: MIT
/*
 * Searching: find(tree, first, last, flip) is the first bit of first..last that, xor flip, is 1, or -1; flip 0
 * looks for set bits, flip -1 for clear ones. Uniform slots are answered or skipped whole; in a node the plane
 * leads straight to the next slot that has such a bit. Does not check the range: the caller did.
 */
import { nextSlot } from './node.ts';
import { findInOneRun } from './one-run.ts';
import { ALL_SET, HAS_CLEAR, HAS_SET, LEAF_SHIFT, LEVEL_SHIFT } from './radix.ts';
import type { Radix } from './radix.ts';
import { findBit } from './words.ts';

export function find(tree: Radix, first: number, last: number, flip: number): number {
  const shift = tree.rootShift;
  const mask = (1 << shift) - 1;
  const end = last >>> shift;
  let from = first;
  for (let index = first >>> shift; index <= end; index += 1) {
    const slot = tree.root[index]!;
    const high = index === end ? last : (index << shift) | mask;
    const found = findInSlot(tree, slot, shift, from, high, flip);
    if (found >= 0) return found;
    from = high + 1;
  }
  return -1;
}

function findInSlot(tree: Radix, slot: number, shift: number, first: number, last: number, flip: number): number {
  if (slot <= 0) {
    if (slot >= ALL_SET) return slot === flip ? -1 : first;
    const mask = (1 << shift) - 1;
    const at = findInOneRun(slot, first & mask, last & mask, flip);
    return at < 0 ? -1 : (first & ~mask) | at;
  }
  if (shift > LEAF_SHIFT) return findInNode(tree, slot, shift, first, last, flip);
  const found = findBit(tree.leaves.words, slot - 1, first & 511, last & 511, flip);
  return found < 0 ? -1 : (first & ~511) | found;
}

function findInNode(tree: Radix, ref: number, shift: number, first: number, last: number, flip: number): number {
  const words = tree.nodes.words;
  const below = shift - LEVEL_SHIFT;
  const mask = (1 << below) - 1;
  const start = first & ~((1 << shift) - 1);
  const plane = flip === 0 ? HAS_SET : HAS_CLEAR;
  const end = (last >>> below) & 511;
  let from = first;
  let index = (first >>> below) & 511;
  for (;;) {
    // Only the slots at the two edges can be named by the plane and yet have no such bit in first..last.
    const next = nextSlot(words, ref - 1, plane, index, end);
    if (next < 0) return -1;
    const low = start + (next << below);
    if (low > from) from = low;
    const high = next === end ? last : low | mask;
    const found = findInSlot(tree, words[ref - 1 + next]!, below, from, high, flip);
    if (found >= 0 || next === end) return found;
    index = next + 1;
  }
}
