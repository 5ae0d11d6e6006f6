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
  /**
   * Whether a plug source may own plugged state of it, so that devices follow it through a manager even when it has no
   * guest_memfd.
   * @defaultValue false
   */
  readonly isPluggable?: boolean;
  /**
   * Pages in one page of the memory behind the shared side (RAMBlock's page_size / 4096): more than 1 on hugetlbfs,
   * which is filled and freed a huge page at a time. Divides `pageCount`; two-backend regime only.
   * @defaultValue 1
   */
  readonly hugePages?: number;
}

/** Whether a RamDiscardManager stands over the block: devices then follow it run by run instead of mapping it whole. */
export function isManaged({ hasGuestMemfd, isPluggable = false }: RamBlock): boolean {
  return hasGuestMemfd || isPluggable;
}

/** Half-open range of pages of one block. */
export interface PageRange {
  readonly block: RamBlock;
  readonly firstPage: number;
  readonly endPage: number;
}
