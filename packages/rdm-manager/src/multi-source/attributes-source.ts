// SPDX-License-Identifier: MIT
import { Bitmap } from '@sda-lab/core-bitmap';
import type { RamDiscardSource } from './ram-discard-source.ts';

/**
 * RamBlockAttributes as a source: a page is populated when it is shared. Starts all private, as the KVM attributes do.
 * Its bitmap changes before it notifies. Upstream's answer for ranges that are not whole pages divides downward; whole
 * pages, the only ranges here, are answered exactly.
 * Source: QEMU 11.1 (merge 9d526ed81d) system/ram-block-attributes.c.
 */
export class AttributesSource implements RamDiscardSource {
  readonly name: string = 'attributes';
  readonly granularity: number = 1;
  /** 1 = shared. */
  readonly shared: Bitmap;

  constructor(pageCount: number) {
    this.shared = new Bitmap(pageCount);
  }

  isPopulated(first: number, end: number): boolean {
    return end <= this.shared.bitCount && this.shared.allSet(first, end);
  }

  uniformEnd(first: number): number {
    const { shared } = this;
    return shared.test(first) ? shared.nextClear(first, shared.bitCount) : shared.nextSet(first, shared.bitCount);
  }
}
