// SPDX-License-Identifier: MIT
/**
 * What the algorithm of a design's version touches where its bitmaps are flat, as QEMU's are: counted beside the run, from
 * what the design asks, so that a faster bitmap neither hides that cost nor is slowed down to show it. A design counts only
 * where its host brings a meter; what it counts and by which bound is the version's, and said where it is counted.
 *
 * Words are of 64 bits. What is written is not counted: it is the range of the request in every design.
 */
import type { ReadonlyBitmap } from '@sda-lab/core-bitmap';

const WORD_BITS = 64;

export class CostMeter {
  /** Words of flat bitmaps that searches and tests read. */
  bitmapWords = 0;
  /** Questions to somebody else about a range: is_populated of a source, plugged state of a virtio-mem. */
  probes = 0;
  /** Times that a consumer was told of a run. */
  notifications = 0;

  /** A bit was tested. */
  tested(): void {
    this.bitmapWords += 1;
  }

  /** So many flat bitmaps were read over a range, side by side. */
  scanned(firstBit: number, endBit: number, bitmapCount: number): void {
    if (firstBit < endBit) this.bitmapWords += bitmapCount * (wordOf(endBit - 1) - wordOf(firstBit) + 1);
  }

  /** find_next_bit and find_next_zero_bit: word by word from `fromBit` to the one found, or to `boundBit`; where it ended. */
  search(bits: ReadonlyBitmap, isSet: boolean, fromBit: number, boundBit: number): number {
    if (fromBit >= boundBit) return boundBit;
    const found = isSet ? bits.nextSet(fromBit, boundBit) : bits.nextClear(fromBit, boundBit);
    this.scanned(fromBit, Math.min(found + 1, boundBit), 1);
    return found;
  }

  /** The walk over runs of one kind: a search for where each begins and one for where it ends, up to `boundBit`. */
  walkRuns(bits: ReadonlyBitmap, isSet: boolean, firstBit: number, endBit: number, boundBit: number): void {
    for (let at = firstBit; ; ) {
      const first = this.search(bits, isSet, at, boundBit);
      if (first >= boundBit) return;
      const end = this.search(bits, !isSet, first + 1, boundBit);
      if (first >= endBit) return;
      // The bit at `end` is known already.
      at = end + 1;
    }
  }

  clear(): void {
    this.bitmapWords = 0;
    this.probes = 0;
    this.notifications = 0;
  }
}

function wordOf(bit: number): number {
  return Math.floor(bit / WORD_BITS);
}
