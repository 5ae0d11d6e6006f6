// SPDX-License-Identifier: MIT
/*
 * The tree of a bitmap, in the shape of an EPT.
 *
 *   root (at most 16 slots) -> node of 512 GiB (512 slots of 1 GiB) -> node of 1 GiB (512 slots of 2 MiB)
 *        -> leaf of 2 MiB (512 bits, one per 4 KiB page)
 *
 * A slot is ALL_CLEAR, ALL_SET, or the reference (offset + 1 in its pool) of a child. The root slots start at
 * the lowest level that needs no more than 16 of them, so a bitmap up to 32 MiB has leaves below its root and
 * nothing else.
 *
 * Invariants: a child is never uniform (whoever makes it so puts the uniform slot in its place and gives the
 * record back); a node's two planes say for each slot whether any bit below is set, any clear; bits between
 * bitCount and the end of the last root slot equal the last bit, so a short tail can be uniform, too.
 *
 * This file holds the storage; fill.ts writes, find.ts, classify.ts, count.ts and runs.ts read.
 */
import { Pool } from './pool.ts';

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
const NODE_WORDS = SLOTS + 2 * PLANE_WORDS;

/** What bitmaps without a node level hold in place of a pool of their own. */
const NO_NODES: Pool = new Pool(NODE_WORDS, 0);

export class Radix {
  readonly bitCount: number;
  /** log2 of the bits below one root slot: 9, 18 or 27. */
  readonly rootShift: number;
  readonly root: Int32Array;
  readonly nodes: Pool;
  readonly leaves: Pool;
  /** Changes with every write; a walk that sees another edition drops what it remembers. */
  edition = 0;
  /** By-product of find(): the leaf in which it found the bit; 0 when the bit lies in a uniform slot. */
  leafFound = 0;
  /** By-product of a walk: the last answer of its callback. */
  stop = 0;

  constructor(bitCount: number) {
    this.bitCount = bitCount;
    let shift = LEAF_SHIFT;
    while (slotsOf(bitCount, shift) > MAX_ROOT_SLOTS) shift += LEVEL_SHIFT;
    this.rootShift = shift;
    this.root = new Int32Array(slotsOf(bitCount, shift));
    const topNodes = shift >= TOP_SHIFT ? slotsOf(bitCount, TOP_SHIFT) : 0;
    const nodes = topNodes + slotsOf(bitCount, LEAF_SHIFT + LEVEL_SHIFT);
    this.nodes = shift === LEAF_SHIFT ? NO_NODES : new Pool(NODE_WORDS, nodes);
    this.leaves = new Pool(LEAF_WORDS, slotsOf(bitCount, LEAF_SHIFT));
  }

  byteCount(): number {
    return this.root.byteLength + this.nodes.words.byteLength + this.leaves.words.byteLength;
  }

  takeLeaf(value: number): number {
    const offset = this.leaves.take();
    const words = this.leaves.words;
    // For so few words a loop is faster than the call of fill().
    for (let at = offset; at < offset + LEAF_WORDS; at += 1) words[at] = value;
    return offset + 1;
  }

  takeNode(value: number): number {
    const offset = this.nodes.take();
    const words = this.nodes.words;
    words.fill(value, offset, offset + HAS_CLEAR);
    words.fill(~value, offset + HAS_CLEAR, offset + NODE_WORDS);
    return offset + 1;
  }

  /** Gives back the child behind `ref`, which covers 2^`shift` bits, and all below it. */
  release(ref: number, shift: number): void {
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
    for (let slot = from; slot <= to; slot += 1) {
      const child = words[base + slot]!;
      if (child > 0) this.release(child, shift - LEVEL_SHIFT);
    }
  }
}

/** How many slots of 2^`shift` bits hold `bitCount` bits. */
function slotsOf(bitCount: number, shift: number): number {
  return Math.ceil(bitCount / 2 ** shift);
}
