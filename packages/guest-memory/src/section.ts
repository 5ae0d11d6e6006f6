// SPDX-License-Identifier: MIT
import type { RamBlock } from './ram-block.ts';

/**
 * MemoryRegionSection: a window of a block at a guest physical address. Two sections may show one block (aliases).
 * Guest page number = `firstGfn` + (block page - `firstPage`). Immutable while it is in the address space.
 * Source: QEMU 10.2.2 include/system/memory.h, MemoryRegionSection.
 */
export interface Section {
  readonly name: string;
  readonly block: RamBlock;
  /** First block page shown (offset_within_region / 4096). */
  readonly firstPage: number;
  readonly pageCount: number;
  /** Guest page number of `firstPage` (offset_within_address_space / 4096). */
  readonly firstGfn: number;
  /** ROM and read-only sections grant no writes to the guest nor to a device. */
  readonly readonly: boolean;
}

/** The part of [firstPage, endPage) that the section shows, or undefined when it shows none of it. */
export function intersectSection(
  section: Section,
  firstPage: number,
  endPage: number,
): { firstPage: number; endPage: number } | undefined {
  const first = Math.max(firstPage, section.firstPage);
  const end = Math.min(endPage, section.firstPage + section.pageCount);
  return first < end ? { firstPage: first, endPage: end } : undefined;
}
