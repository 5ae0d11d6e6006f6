// SPDX-License-Identifier: MIT
/*
 * The tree of a bitmap, in the shape of an EPT.
 *
 *   root (at most 16 slots) -> node of 512 GiB (512 slots of 1 GiB) -> node of 1 GiB (512 slots of 2 MiB)
 *        -> leaf of 2 MiB (512 bits, one per 4 KiB page)
 *
 * A slot is ALL_CLEAR, ALL_SET, the reference (offset + 1 in its pool) of a child, or one run (one-run.ts). The root slots start at
 * the lowest level that needs no more than 16 of them, so a bitmap up to 32 MiB has leaves below its root and
 * nothing else.
 *
 * Invariants: a child is never uniform (whoever makes it so puts the uniform slot in its place and gives the
 * record back); the two planes of a node, and of the root, say for each slot whether any bit below is set, any clear; its counts say how
 * many bits are set below each 32 slots and below all of them, so a node is uniform when its total is none or all; bits
 * between bitCount and the end of the last root slot equal the last bit and are counted as such, so a short tail can be
 * uniform, too.
 *
 * The planes of a 512 GiB node are the summary above its 1 GiB slots: a walk over 512 uniform ones reads 16 words.
 *
 * This file holds the storage; fill.ts and fill-in-place.ts write, find.ts, classify.ts, count.ts, runs.ts, runs-where.ts and
 * window.ts read.
 */
import { countOneRun } from './one-run.ts';
import { Pool } from './pool.ts';
import { countBits, maskOfWord } from './words.ts';

export const ALL_CLEAR = 0;
export const ALL_SET = -1;

/** log2 of the bits below a 2 MiB slot; each level above adds the same again. */
export const LEAF_SHIFT = 9;
export const LEVEL_SHIFT = 9;
const TOP_SHIFT = LEAF_SHIFT + 2 * LEVEL_SHIFT;
const MAX_ROOT_SLOTS = 16;

export const LEAF_WORDS = 16;
export const SLOTS = 512;
/** 32-bit words of one plane: one bit per slot. */
export const PLANE_WORDS = 16;
/** Word offsets of the planes inside a node, after its slots. */
export const HAS_SET = 512;
export const HAS_CLEAR = 528;
/** Word offset of the 16 counts of set bits, each of the 32 slots that share a word of a plane. */
export const GROUP_COUNTS = 544;
/** Word offset of the number of set bits below the node. */
export const TOTAL = 560;
/** Word offset of the summary of the planes: bit n for word n of HAS_SET that is not 0, bit 16 + n for HAS_CLEAR. */
export const SUMMARY = 561;
const NODE_WORDS = 562;

/** What bitmaps without a node level hold in place of a pool of their own. */
const NO_NODES: Pool = new Pool(NODE_WORDS, 0);

export class Radix {
  readonly bitCount: number;
  /** log2 of the bits below one root slot: 9, 18 or 27. */
  readonly rootShift: number;
  readonly root: Int32Array;
  /** The planes of the root: bit n for slot n that has a set bit below, and for one that has a clear one. */
  rootHasSet = 0;
  rootHasClear: number;
  readonly nodes: Pool;
  readonly leaves: Pool;
  /** Changes with every write; a walk that sees another edition drops what it remembers. */
  edition = 0;
  /** By-product of a fill: by how many the set bits of the slot it wrote last have grown. */
  delta = 0;
  /** By-product of a walk that ends early: the last answer of its callback, or where to go on after a write. */
  left = 0;

  constructor(bitCount: number) {
    this.bitCount = bitCount;
    let shift = LEAF_SHIFT;
    while (slotsOf(bitCount, shift) > MAX_ROOT_SLOTS) shift += LEVEL_SHIFT;
    this.rootShift = shift;
    this.root = new Int32Array(slotsOf(bitCount, shift));
    this.rootHasClear = (1 << this.root.length) - 1;
    const topNodes = shift >= TOP_SHIFT ? slotsOf(bitCount, TOP_SHIFT) : 0;
    const nodes = topNodes + slotsOf(bitCount, LEAF_SHIFT + LEVEL_SHIFT);
    this.nodes = shift === LEAF_SHIFT ? NO_NODES : new Pool(NODE_WORDS, nodes);
    this.leaves = new Pool(LEAF_WORDS, slotsOf(bitCount, LEAF_SHIFT));
  }

  byteCount(): number {
    return this.root.byteLength + this.nodes.words.byteLength + this.leaves.words.byteLength;
  }

  writeRoot(index: number, slot: number): void {
    const bit = 1 << index;
    this.root[index] = slot;
    this.rootHasSet = slot === ALL_CLEAR ? this.rootHasSet & ~bit : this.rootHasSet | bit;
    this.rootHasClear = slot === ALL_SET ? this.rootHasClear & ~bit : this.rootHasClear | bit;
  }

  takeLeaf(value: number): number {
    const offset = this.leaves.take();
    const words = this.leaves.words;
    // For so few words a loop is faster than the call of fill().
    for (let at = offset; at < offset + LEAF_WORDS; at += 1) words[at] = value;
    return offset + 1;
  }

  /** A node of 2^`shift` bits that all equal `value`; whoever takes it changes some of them. */
  takeNode(value: number, shift: number): number {
    const offset = this.nodes.take();
    const words = this.nodes.words;
    words.fill(value, offset, offset + HAS_CLEAR);
    words.fill(~value, offset + HAS_CLEAR, offset + GROUP_COUNTS);
    words.fill(value & (32 << (shift - LEVEL_SHIFT)), offset + GROUP_COUNTS, offset + TOTAL);
    words[offset + TOTAL] = value & (1 << shift);
    words[offset + SUMMARY] = value === ALL_SET ? 0xffff : 0xffff << 16;
    return offset + 1;
  }

  /** Gives back the child behind `ref`, which covers 2^`shift` bits, and all below it; nothing when there is none. */
  release(ref: number, shift: number): void {
    if (ref <= 0) return;
    if (shift === LEAF_SHIFT) {
      this.leaves.give(ref - 1);
      return;
    }
    this.releaseChildren(ref, shift, 0, SLOTS - 1);
    this.nodes.give(ref - 1);
  }

  /** Gives back the children in slots `from..to` of a node; its slots keep their stale references. */
  releaseChildren(ref: number, shift: number, from: number, to: number): void {
    const words = this.nodes.words;
    const base = ref - 1;
    for (let at = from >>> 5; at <= to >>> 5; at += 1) {
      let mixed = words[base + HAS_SET + at]! & words[base + HAS_CLEAR + at]! & maskOfWord(at, from, to);
      while (mixed !== 0) {
        const index = (at << 5) + 31 - Math.clz32(mixed & -mixed);
        this.release(words[base + index]!, shift - LEVEL_SHIFT);
        mixed &= mixed - 1;
      }
    }
  }

  /** How many bits below a slot of 2^`shift` bits are set. */
  countOf(slot: number, shift: number): number {
    if (slot <= 0) return slot >= ALL_SET ? slot & (1 << shift) : countOneRun(slot, shift);
    if (shift > LEAF_SHIFT) return this.nodes.words[slot - 1 + TOTAL]!;
    return countBits(this.leaves.words, slot - 1, 0, 511);
  }
}

/** How many slots of 2^`shift` bits hold `bitCount` bits. */
function slotsOf(bitCount: number, shift: number): number {
  return Math.ceil(bitCount / 2 ** shift);
}
