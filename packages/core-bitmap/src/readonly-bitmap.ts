// SPDX-License-Identifier: MIT
import type { EmitBits } from './emit-bits.ts';
import type { Occupancy } from './occupancy.ts';

/**
 * One bit per page, seen by a reader.
 *
 * Ranges are half-open: `firstBit` is included, `endBit` is excluded. Every call refuses numbers that are not
 * whole, negative ones, `firstBit > endBit` and `endBit > bitCount` with a `BitRangeError`; nothing is clipped.
 * An empty range is legal, except where the answer would be vacuous (`classify`, `allSet`, `allClear`).
 * @public
 */
export interface ReadonlyBitmap {
  /** Number of bits; never changes. */
  readonly bitCount: number;

  test(bit: number): boolean;

  /** Refuses an empty range: it is neither clear nor set. */
  classify(firstBit: number, endBit: number): Occupancy;

  /** Refuses an empty range: no bit is no evidence. */
  allSet(firstBit: number, endBit: number): boolean;

  /** Refuses an empty range: no bit is no evidence. */
  allClear(firstBit: number, endBit: number): boolean;

  /** The first set bit in `[fromBit, endBit)`; `endBit` when there is none. */
  nextSet(fromBit: number, endBit: number): number;

  /** The first clear bit in `[fromBit, endBit)`; `endBit` when there is none. */
  nextClear(fromBit: number, endBit: number): number;

  /** How many bits of the range are set. */
  popcount(firstBit: number, endBit: number): number;

  /** Maximal runs of set bits, clipped to the window; 0, or what `emit` returned to stop. */
  forEachSetRun(firstBit: number, endBit: number, emit: EmitBits): number;

  /** Maximal runs of clear bits, clipped to the window; 0, or what `emit` returned to stop. */
  forEachClearRun(firstBit: number, endBit: number, emit: EmitBits): number;
}
