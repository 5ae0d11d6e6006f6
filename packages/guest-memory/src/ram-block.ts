// SPDX-License-Identifier: MIT
/**
 * RAMBlock: a named piece of guest RAM with a shared side (process memory at `hostFirstPage`) and, in a confidential
 * guest, a guest_memfd side. Holds which frame backs each page on each side; 0 is a hole.
 * In the in-place regime there is one guest_memfd and both sides name the same frames (`memfd`).
 * Source: QEMU 10.2.2 include/system/ramblock.h. Not covered: resizing, migration fields.
 */
export interface RamBlock {
  readonly name: string;
  readonly pageCount: number;
  /** Host virtual address / 4096 of page 0; fixed for the block's life. */
  readonly hostFirstPage: number;
  /** Whether pages can be private at all. */
  readonly hasGuestMemfd: boolean;
}

/** Half-open range of pages of one block. */
export interface PageRange {
  readonly block: RamBlock;
  readonly firstPage: number;
  readonly endPage: number;
}
