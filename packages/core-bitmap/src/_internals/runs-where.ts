// SPDX-License-Identifier: MIT
/*
 * Walking the maximal runs of a window at which several trees fit, all together: where one of them is uniform and does not
 * fit, the walk jumps to its next fitting bit; where all are uniform and fit, to the first end of that; where some are mixed,
 * the words of their leaves are put together and read edge by edge. So long uniform stretches cost one step, and dense ones
 * what reading their words costs. A callback may write to any of the trees: the walk then goes on at the end of its run and
 * remembers nothing. Does not check the window.
 */
import type { EmitBits } from '../emit-bits.ts';
import { find } from './find.ts';
import type { Joint } from './joint.ts';
import { runEnd, runStart, runValue } from './one-run.ts';
import { ALL_SET, LEAF_SHIFT, LEVEL_SHIFT } from './radix.ts';

/** Answers of look(); a number below 0 says -1 - which tree does not fit. */
const MIXED = 0;
const ALL_FIT = 1;

/** The window may be empty. Trees are asked in their order. */
export function walkRunsWhere(joint: Joint, first: number, last: number, emit: EmitBits): number {
  joint.at = first;
  joint.open = -1;
  joint.seen = joint.edition();
  while (joint.at <= last) {
    const found = look(joint, last);
    let stop = 0;
    if (found === ALL_FIT) runOn(joint, last);
    else stop = found === MIXED ? walkWords(joint, emit) : skip(joint, -1 - found, last, emit);
    if (stop !== 0) return stop;
  }
  return joint.open < 0 ? 0 : emit(joint.open, last + 1);
}

/** What the trees hold at `joint.at`, and in `joint.end` up to where that is so: a bit of `last`'s 2 MiB region at most. */
function look(joint: Joint, last: number): number {
  const { trees, flips, leaves, at } = joint;
  let end = Math.min(last, at | 511);
  let found = ALL_FIT;
  for (let turn = 0; turn < trees.length; turn += 1) {
    const tree = trees[turn]!;
    const nodes = tree.nodes.words;
    let shift = tree.rootShift;
    let slot = tree.root[at >>> shift]!;
    while (slot > 0 && shift > LEAF_SHIFT) {
      shift -= LEVEL_SHIFT;
      slot = nodes[slot - 1 + ((at >>> shift) & 511)]!;
    }
    if (slot > 0) {
      found = MIXED;
    } else if (slot >= ALL_SET) {
      if (slot === flips[turn]) return -1 - turn;
    } else {
      const stretch = stretchOfOneRun(slot, shift, at, flips[turn]!);
      if (stretch < 0) return -1 - turn;
      end = Math.min(end, stretch);
    }
    leaves[turn] = slot;
  }
  joint.end = end;
  return found;
}

/** The last bit up to which the slot fits from `at` on; -1 when it does not. */
function stretchOfOneRun(slot: number, shift: number, at: number, flip: number): number {
  const mask = (1 << shift) - 1;
  const here = at & mask;
  const isIn = here >= runStart(slot) && here < runEnd(slot);
  if (isIn === (runValue(slot) === flip)) return -1;
  const end = isIn ? runEnd(slot) - 1 : here < runStart(slot) ? runStart(slot) - 1 : mask;
  return (at & ~mask) | end;
}

/** All fit: the run goes on to the first bit that does not. */
function runOn(joint: Joint, last: number): void {
  if (joint.open < 0) joint.open = joint.at;
  let end = last + 1;
  for (let turn = 0; turn < joint.trees.length && joint.at < end; turn += 1) {
    const next = find(joint.trees[turn]!, joint.at, end - 1, ~joint.flips[turn]!);
    if (next >= 0) end = next;
  }
  joint.at = end;
}

/** The tree does not fit here: the run ends, the walk goes on where the tree fits again. */
function skip(joint: Joint, turn: number, last: number, emit: EmitBits): number {
  if (joint.open >= 0) {
    const stop = emit(joint.open, joint.at);
    if (stop !== 0) return stop;
    joint.open = -1;
    if (hasWritten(joint)) return 0;
  }
  const next = find(joint.trees[turn]!, joint.at, last, joint.flips[turn]!);
  joint.at = next < 0 ? last + 1 : next;
  return 0;
}

function hasWritten(joint: Joint): boolean {
  const edition = joint.edition();
  const isNew = edition !== joint.seen;
  joint.seen = edition;
  return isNew;
}

/** Some are mixed: edge by edge from `joint.at` to `joint.end`, as walkLeaf of runs.ts does in one tree. */
function walkWords(joint: Joint, emit: EmitBits): number {
  const { words, at: first, end: last } = joint;
  mixWords(joint);
  let at = first >>> 5;
  let open = joint.open;
  let word = words[at & 15]! & (-1 << (first & 31));
  let carry = open < 0 ? 0 : 1 << (first & 31);
  for (;;) {
    let edges = word ^ ((word << 1) | carry);
    // The walk goes on after this stretch, so its end is no edge.
    if (at === last >>> 5) edges &= -1 >>> (31 - (last & 31));
    while (edges !== 0) {
      const edge = (at << 5) + 31 - Math.clz32(edges & -edges);
      edges &= edges - 1;
      if (open < 0) {
        open = edge;
        continue;
      }
      const stop = emit(open, edge);
      open = -1;
      if (stop === 0 && !hasWritten(joint)) continue;
      joint.open = -1;
      joint.at = edge;
      return stop;
    }
    if (at === last >>> 5) break;
    at += 1;
    word = words[at & 15]!;
    carry = open < 0 ? 0 : 1;
  }
  joint.open = open;
  joint.at = last + 1;
  return 0;
}

/** The words of the 2 MiB region at `joint.at`: where all trees with a leaf there fit. The others fit up to `joint.end`. */
function mixWords(joint: Joint): void {
  const { trees, flips, leaves, words } = joint;
  const from = (joint.at >>> 5) & 15;
  const to = (joint.end >>> 5) & 15;
  let isFirst = true;
  for (let turn = 0; turn < trees.length; turn += 1) {
    const base = leaves[turn]! - 1;
    if (base < 0) continue;
    const pool = trees[turn]!.leaves.words;
    const flip = flips[turn]!;
    for (let at = from; at <= to; at += 1) {
      const word = pool[base + at]! ^ flip;
      words[at] = isFirst ? word : words[at]! & word;
    }
    isFirst = false;
  }
}
