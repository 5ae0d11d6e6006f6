// SPDX-License-Identifier: MIT
/**
 * What the IOMMU hardware (or the mock domain, or nothing) allows: page sizes and IOVA ranges.
 *
 * Sources: recordings edge-type1-7.2, edge-iommufd-7.2own (QEMU intel-iommu, 48 bits), mock-mapf-7.2own (bare IOAS);
 * Linux 7.2.13 drivers/iommu/iommufd/selftest.c for the mock domain's aperture. Not covered: several domains with
 * different geometries in one container.
 */
import { PAGE_BYTES } from '@sda-lab/guest-memory';

export const PAGE: bigint = BigInt(PAGE_BYTES);
/** First number that is no 64-bit address. */
export const ADDRESS_END: bigint = 1n << 64n;
export const LAST_ADDRESS: bigint = ADDRESS_END - 1n;
/** Pages of the whole 64-bit address space: 2^52, a safe integer. */
export const PAGES_END: number = 2 ** 52;

/** Both ends included, as kernels report them. */
export interface IovaRange {
  readonly start: bigint;
  readonly last: bigint;
}

export interface Geometry {
  readonly name: string;
  /** One bit per page size, e.g. 0x40201000 for 4 KiB, 2 MiB and 1 GiB. */
  readonly pageSizes: bigint;
  /** Ascending, neither overlapping nor adjoining. */
  readonly ranges: readonly IovaRange[];
}

export const VTD_48: Geometry = {
  name: 'intel-iommu, 48 bits',
  pageSizes: 0x40201000n,
  ranges: [
    { start: 0n, last: 0xfedfffffn },
    { start: 0xfef00000n, last: 0xffff_ffff_ffffn },
  ],
};

export const AMD_47: Geometry = {
  name: 'amd-iommu',
  pageSizes: 0x40201000n,
  ranges: [
    { start: 0n, last: 0xfedfffffn },
    { start: 0xfef00000n, last: 0xfc_ffff_ffffn },
    { start: 0x100_0000_0000n, last: 0x7f7f_ffff_efffn },
  ],
};

/** iommufd's selftest domain: 2 KiB pages, so that half pages can be mapped. */
export const MOCK_DOMAIN: Geometry = {
  name: 'iommufd mock domain',
  pageSizes: 0x800n,
  ranges: [{ start: 0x1000000n, last: 0x7fffffffn }],
};

/** No IOMMU at all: a bare IOAS, or a vfio-user server. */
export const EVERYWHERE: Geometry = {
  name: 'no IOMMU',
  pageSizes: 1n,
  ranges: [{ start: 0n, last: LAST_ADDRESS }],
};

export function smallestPage(geometry: Geometry): bigint {
  return geometry.pageSizes & -geometry.pageSizes;
}

/** Whether the ranges ascend, inside the address space, neither overlapping nor adjoining. */
export function areRangesOrdered(ranges: readonly IovaRange[]): boolean {
  return ranges.every(
    ({ start, last }, index) =>
      start <= last && last < ADDRESS_END && start > (ranges[index - 1]?.last ?? -2n) + 1n,
  );
}

/** What is not in `ranges`, ascending; both ends included. */
export function reservedOf(geometry: Geometry): IovaRange[] {
  const reserved: IovaRange[] = [];
  let next = 0n;
  for (const { start, last } of geometry.ranges) {
    if (start > next) reserved.push({ start: next, last: start - 1n });
    next = last + 1n;
  }
  if (next <= LAST_ADDRESS) reserved.push({ start: next, last: LAST_ADDRESS });
  return reserved;
}
