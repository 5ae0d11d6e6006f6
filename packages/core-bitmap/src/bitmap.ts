// SPDX-License-Identifier: MIT
/*
 * One bit per page of a RAM block, stored like an EPT: uniform 1 GiB and 2 MiB regions cost nothing.
 *
 * Lifecycle: all bits clear at construction, which allocates less than a hundred bytes of bits; memory grows
 * with the number of mixed 2 MiB regions and shrinks as they become uniform again.
 *
 * Does not cover: resizing, set algebra that builds a new bitmap (walk the runs of several instead), more than
 * 2^31 bits (8 TiB of 4 KiB pages; use one bitmap per RAM block).
 */
import { checkBit, checkBitCount, checkNonEmptyRange, checkRange } from './_internals/check.ts';
import { classify, testBit } from './_internals/classify.ts';
import { count } from './_internals/count.ts';
import { fill } from './_internals/fill.ts';
import { find } from './_internals/find.ts';
import { ALL_CLEAR, ALL_SET, Radix } from './_internals/radix.ts';
import { walkRuns } from './_internals/runs.ts';
import type { EmitBits } from './emit-bits.ts';
import type { Occupancy } from './occupancy.ts';
import type { ReadonlyBitmap } from './readonly-bitmap.ts';

/** `flip` of a search: what to xor so that the bit looked for reads 1. */
const LOOK_FOR_SET = 0;
const LOOK_FOR_CLEAR = -1;

/** @public */
export class Bitmap implements ReadonlyBitmap {
  readonly bitCount: number;
  readonly #tree: Radix;

  /** @param bitCount - 1 to 2^31, both included. */
  constructor(bitCount: number) {
    checkBitCount(bitCount);
    this.bitCount = bitCount;
    this.#tree = new Radix(bitCount);
  }

  /** Bytes of the arrays held now, free records included; the fixed size of the object is not counted. */
  get byteCount(): number {
    return this.#tree.byteCount();
  }

  set(firstBit: number, endBit: number): void {
    checkRange('set', firstBit, endBit, this.bitCount);
    if (firstBit < endBit) fill(this.#tree, firstBit, endBit - 1, ALL_SET);
  }

  clear(firstBit: number, endBit: number): void {
    checkRange('clear', firstBit, endBit, this.bitCount);
    if (firstBit < endBit) fill(this.#tree, firstBit, endBit - 1, ALL_CLEAR);
  }

  assign(firstBit: number, endBit: number, value: boolean): void {
    checkRange('assign', firstBit, endBit, this.bitCount);
    if (firstBit < endBit) fill(this.#tree, firstBit, endBit - 1, value ? ALL_SET : ALL_CLEAR);
  }

  test(bit: number): boolean {
    checkBit('test', bit, this.bitCount);
    return testBit(this.#tree, bit);
  }

  classify(firstBit: number, endBit: number): Occupancy {
    checkNonEmptyRange('classify', firstBit, endBit, this.bitCount);
    return classify(this.#tree, firstBit, endBit - 1);
  }

  allSet(firstBit: number, endBit: number): boolean {
    checkNonEmptyRange('allSet', firstBit, endBit, this.bitCount);
    return find(this.#tree, firstBit, endBit - 1, LOOK_FOR_CLEAR) < 0;
  }

  allClear(firstBit: number, endBit: number): boolean {
    checkNonEmptyRange('allClear', firstBit, endBit, this.bitCount);
    return find(this.#tree, firstBit, endBit - 1, LOOK_FOR_SET) < 0;
  }

  nextSet(fromBit: number, endBit: number): number {
    checkRange('nextSet', fromBit, endBit, this.bitCount);
    return this.#next(fromBit, endBit, LOOK_FOR_SET);
  }

  nextClear(fromBit: number, endBit: number): number {
    checkRange('nextClear', fromBit, endBit, this.bitCount);
    return this.#next(fromBit, endBit, LOOK_FOR_CLEAR);
  }

  popcount(firstBit: number, endBit: number): number {
    checkRange('popcount', firstBit, endBit, this.bitCount);
    return firstBit < endBit ? count(this.#tree, firstBit, endBit - 1) : 0;
  }

  forEachSetRun(firstBit: number, endBit: number, emit: EmitBits): number {
    checkRange('forEachSetRun', firstBit, endBit, this.bitCount);
    return walkRuns(this.#tree, firstBit, endBit - 1, LOOK_FOR_SET, emit);
  }

  forEachClearRun(firstBit: number, endBit: number, emit: EmitBits): number {
    checkRange('forEachClearRun', firstBit, endBit, this.bitCount);
    return walkRuns(this.#tree, firstBit, endBit - 1, LOOK_FOR_CLEAR, emit);
  }

  #next(fromBit: number, endBit: number, flip: number): number {
    const found = fromBit < endBit ? find(this.#tree, fromBit, endBit - 1, flip) : -1;
    return found < 0 ? endBit : found;
  }
}
