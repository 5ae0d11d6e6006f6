// SPDX-License-Identifier: MIT
/*
 * classify(tree, first, last): one way down while the range stays inside one slot, at most two searches when it
 * does not. A child wholly inside the range is mixed by the invariants of the tree. Does not check the range.
 */
import type { Occupancy } from '../occupancy.ts';
import { find } from './find.ts';
import { classifyOneRun, valueAt } from './one-run.ts';
import { ALL_CLEAR, ALL_SET, LEAF_SHIFT, LEVEL_SHIFT } from './radix.ts';
import type { Radix } from './radix.ts';
import { findBit } from './words.ts';

export function classify(tree: Radix, first: number, last: number): Occupancy {
  const nodes = tree.nodes.words;
  let shift = tree.rootShift;
  if ((first ^ last) >>> shift !== 0) return classifyAcross(tree, first, last);
  let slot = tree.root[first >>> shift]!;
  while (slot > 0) {
    const mask = (1 << shift) - 1;
    if ((first & mask) === 0 && (last & mask) === mask) return 'mixed';
    if (shift === LEAF_SHIFT) return classifyLeaf(tree.leaves.words, slot - 1, first & 511, last & 511);
    shift -= LEVEL_SHIFT;
    if ((first ^ last) >>> shift !== 0) return classifyAcross(tree, first, last);
    slot = nodes[slot - 1 + ((first >>> shift) & 511)]!;
  }
  if (slot < ALL_SET) return classifyOneRun(slot, first & ((1 << shift) - 1), last & ((1 << shift) - 1));
  return slot === ALL_SET ? 'set' : 'clear';
}

function classifyLeaf(words: Int32Array, base: number, first: number, last: number): Occupancy {
  const isSet = ((words[base + (first >>> 5)]! >>> (first & 31)) & 1) === 1;
  if (findBit(words, base, first, last, isSet ? ALL_SET : ALL_CLEAR) >= 0) return 'mixed';
  return isSet ? 'set' : 'clear';
}

function classifyAcross(tree: Radix, first: number, last: number): Occupancy {
  const isSet = testBit(tree, first);
  if (find(tree, first, last, isSet ? ALL_SET : ALL_CLEAR) >= 0) return 'mixed';
  return isSet ? 'set' : 'clear';
}

export function testBit(tree: Radix, bit: number): boolean {
  const nodes = tree.nodes.words;
  let shift = tree.rootShift;
  let slot = tree.root[bit >>> shift]!;
  while (slot > 0) {
    if (shift === LEAF_SHIFT) {
      return ((tree.leaves.words[slot - 1 + ((bit >>> 5) & 15)]! >>> (bit & 31)) & 1) === 1;
    }
    shift -= LEVEL_SHIFT;
    slot = nodes[slot - 1 + ((bit >>> shift) & 511)]!;
  }
  return (slot < ALL_SET ? valueAt(slot, bit & ((1 << shift) - 1)) : slot) === ALL_SET;
}
