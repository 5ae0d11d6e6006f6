// SPDX-License-Identifier: MIT
/*
 * Walking the maximal runs of a window: walkRuns(tree, first, last, flip, emit); flip 0 walks set runs, flip -1
 * clear ones. One way down and along the tree: the planes of a node lead over its uniform slots, and a mixed leaf is read
 * word by word, where x ^ (x << 1 | carry) has a 1 at each edge of a run.
 *
 * What is carried from slot to slot is the start of the run under way, CLOSED when there is none; or why the walk ends:
 * STOPPED (the answer of the callback is in tree.left) or WRITTEN: the callback wrote to this tree, so all that is
 * remembered of it may be wrong; the walk goes back to the root and starts at the end of that run, which is in
 * tree.left. Both are set last, as a callback may walk the same tree. Does not check the window.
 */
import type { EmitBits } from '../emit-bits.ts';
import { nextSlot } from './node.ts';
import { runEnd, runStart, runValue } from './one-run.ts';
import { ALL_SET, HAS_CLEAR, HAS_SET, LEAF_SHIFT, LEVEL_SHIFT } from './radix.ts';
import type { Radix } from './radix.ts';

const CLOSED = -1;
const STOPPED = -2;
const WRITTEN = -3;

/** The window may be empty (`last` one below `first`). */
export function walkRuns(tree: Radix, first: number, last: number, flip: number, emit: EmitBits): number {
  let from = first;
  while (from <= last) {
    const open = walkRoot(tree, from, last, flip, emit);
    if (open === STOPPED) return tree.left;
    if (open !== WRITTEN) return open >= 0 ? emit(open, last + 1) : 0;
    from = tree.left;
  }
  return 0;
}

function walkRoot(tree: Radix, first: number, last: number, flip: number, emit: EmitBits): number {
  const root = tree.root;
  const shift = tree.rootShift;
  const end = last >>> shift;
  let open = CLOSED;
  for (let index = first >>> shift; open >= CLOSED; index += 1) {
    // In the others nothing begins or ends.
    const isSetWanted = (open < 0) === (flip === 0);
    const left = (isSetWanted ? tree.rootHasSet : tree.rootHasClear) & (-1 << index);
    index = left === 0 ? end + 1 : 31 - Math.clz32(left & -left);
    if (index > end) break;
    const slot = root[index]!;
    const low = Math.max(first, index << shift);
    const high = index === end ? last : (index << shift) | ((1 << shift) - 1);
    if (slot > 0) open = walkChild(tree, slot, shift, low, high, flip, open, emit);
    else if (slot < ALL_SET) open = walkOneRun(tree, slot, shift, low, high, flip, open, emit);
    else open = open < 0 ? low : close(tree, open, low, emit);
  }
  return open;
}

function walkChild(
  tree: Radix,
  ref: number,
  shift: number,
  first: number,
  last: number,
  flip: number,
  open: number,
  emit: EmitBits,
): number {
  return shift === LEAF_SHIFT
    ? walkLeaf(tree, ref, first, last, flip, open, emit)
    : walkNode(tree, ref, shift, first, last, flip, open, emit);
}

function walkNode(
  tree: Radix,
  ref: number,
  shift: number,
  first: number,
  last: number,
  flip: number,
  carried: number,
  emit: EmitBits,
): number {
  const words = tree.nodes.words;
  const base = ref - 1;
  const below = shift - LEVEL_SHIFT;
  const origin = first & ~((1 << shift) - 1);
  const wanted = flip === 0 ? HAS_SET : HAS_CLEAR;
  const unwanted = flip === 0 ? HAS_CLEAR : HAS_SET;
  const end = (last >>> below) & 511;
  let index = (first >>> below) & 511;
  let at = first;
  let open = carried;
  for (;;) {
    const slot = words[base + index]!;
    if (slot > 0 || slot < ALL_SET) {
      const high = index === end ? last : at | ((1 << below) - 1);
      open = slot > 0
        ? walkChild(tree, slot, below, at, high, flip, open, emit)
        : walkOneRun(tree, slot, below, at, high, flip, open, emit);
      if (open < CLOSED || index === end) return open;
      index += 1;
    } else {
      if (slot !== flip) open = open < 0 ? at : open;
      else if (open >= 0) open = close(tree, open, at, emit);
      if (open < CLOSED || index === end) return open;
      index = nextSlot(words, base, open < 0 ? wanted : unwanted, index + 1, end);
      if (index < 0) return open;
    }
    at = origin + (index << below);
  }
}

/** A slot that holds one run: up to two edges, of which the first may lie before the window and the second after it. */
function walkOneRun(
  tree: Radix,
  slot: number,
  shift: number,
  first: number,
  last: number,
  flip: number,
  carried: number,
  emit: EmitBits,
): number {
  const origin = first & ~((1 << shift) - 1);
  const start = origin + runStart(slot);
  const end = origin + runEnd(slot);
  if (runValue(slot) !== flip) {
    if (end <= first || start > last) return carried < 0 ? CLOSED : close(tree, carried, first, emit);
    let open = carried;
    if (start > first && open >= 0) open = close(tree, open, first, emit);
    if (open < CLOSED) return open;
    if (open < 0) open = start > first ? start : first;
    return end <= last ? close(tree, open, end, emit) : open;
  }
  if (end <= first || start > last) return carried < 0 ? first : carried;
  let open = carried < 0 ? first : carried;
  if (start > first || carried >= 0) open = close(tree, open, start > first ? start : first, emit);
  else open = CLOSED;
  return open === CLOSED && end <= last ? end : open;
}

/** Ends a run at `end`: CLOSED, STOPPED or WRITTEN. */
function close(tree: Radix, start: number, end: number, emit: EmitBits): number {
  const edition = tree.edition;
  const stop = emit(start, end);
  if (stop === 0 && tree.edition === edition) return CLOSED;
  tree.left = stop === 0 ? end : stop;
  return stop === 0 ? WRITTEN : STOPPED;
}

function walkLeaf(
  tree: Radix,
  ref: number,
  first: number,
  last: number,
  flip: number,
  carried: number,
  emit: EmitBits,
): number {
  const words = tree.leaves.words;
  const edition = tree.edition;
  // Word offset + shift = word of the pool: positions stay those of the bitmap.
  const shift = ref - 1 - ((first >>> LEAF_SHIFT) << 4);
  const end = last >>> 5;
  let at = first >>> 5;
  let open = carried;
  let word = (words[shift + at]! ^ flip) & (-1 << (first & 31));
  for (;;) {
    if (at === end) word &= -1 >>> (31 - (last & 31));
    let edges = word ^ ((word << 1) | (open >>> 31 ^ 1));
    while (edges !== 0) {
      const edge = (at << 5) + 31 - Math.clz32(edges & -edges);
      edges &= edges - 1;
      if (open < 0) {
        open = edge;
        continue;
      }
      const stop = emit(open, edge);
      open = CLOSED;
      if (stop === 0 && tree.edition === edition) continue;
      tree.left = stop === 0 ? edge : stop;
      return stop === 0 ? WRITTEN : STOPPED;
    }
    if (at === end) return open;
    at += 1;
    const same = open < 0 ? flip : ~flip;
    if (words[shift + at] === same) {
      at = skipSame(words, shift, at + 1, end, same);
      if (at > end) return open;
    }
    word = words[shift + at]! ^ flip;
  }
}

/** The first word from `at` on that is not `same`; more than `end` when all are. Four at a time: mixed leaves are mostly uniform. */
function skipSame(words: Int32Array, shift: number, from: number, end: number, same: number): number {
  let at = from;
  while (at + 3 <= end) {
    const low = (words[shift + at]! ^ same) | (words[shift + at + 1]! ^ same);
    const high = (words[shift + at + 2]! ^ same) | (words[shift + at + 3]! ^ same);
    if ((low | high) !== 0) break;
    at += 4;
  }
  while (at <= end && words[shift + at] === same) at += 1;
  return at;
}
