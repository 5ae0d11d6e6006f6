// SPDX-License-Identifier: MIT
import { Bitmap } from '@sda-lab/core-bitmap';
import type { RamDiscardSource } from '../multi-source/ram-discard-source.ts';

/** A source of a unit case: a bit per block of its granularity, all clear at first; the last block may be cut short. */
export class CaseSource implements RamDiscardSource {
  readonly name: string;
  readonly granularity: number;
  readonly #populated: Bitmap;

  constructor(name: string, granularity: number, regionBytes: number) {
    this.name = name;
    this.granularity = granularity;
    this.#populated = new Bitmap(Math.ceil(regionBytes / granularity));
  }

  /** Every block the range touches; an empty range touches none. */
  assign(offset: number, size: number, isPopulated: boolean): void {
    if (size > 0) this.#populated.assign(...this.#blocks(offset, offset + size), isPopulated);
  }

  /** Whether every block the range touches is populated; there are none past the region. */
  isPopulated(first: number, end: number): boolean {
    const [firstBlock, endBlock] = this.#blocks(first, end);
    if (firstBlock >= endBlock) return true;
    return endBlock <= this.#populated.bitCount && this.#populated.allSet(firstBlock, endBlock);
  }

  #blocks(first: number, end: number): [number, number] {
    return [Math.floor(first / this.granularity), Math.ceil(end / this.granularity)];
  }
}
