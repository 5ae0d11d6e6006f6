// SPDX-License-Identifier: MIT
/**
 * VFIO_IOMMU_GET_INFO: the fixed part and the capability chain, each capability padded to 8 bytes.
 * Source: Linux 7.2.13 vfio_iommu_type1.c and iommufd/vfio_compat.c; recording edge-type1-7.2.
 */
import { ERRNO } from '@sda-lab/guest-memory';
import type { IovaRange } from '../geometry.ts';
import { type Info, INFO_CAPS, INFO_PGSIZES, type InfoCapability } from './vfio-door.ts';

const INFO_BYTES = 24;
const LEAST_ARGSZ = 16;
const MIGRATION_BYTES = 32;
const AVAILABLE_BYTES = 16;
const RANGES_HEADER_BYTES = 16;
const RANGE_BYTES = 16;
/** 2^31 - 1 bits rounded up to 64, in bytes. */
export const MAX_BITMAP_BYTES: bigint = 1n << 28n;

export interface InfoSource {
  readonly pageSizes: bigint;
  /** Smallest page, which the migration capability names; undefined where there is none (compat). */
  readonly dirtyPageSize: bigint | undefined;
  readonly available: number;
  readonly ranges: readonly IovaRange[];
}

export function buildInfo(argsz: number, source: InfoSource): Info {
  const { pageSizes, dirtyPageSize, available, ranges } = source;
  const refused = { argsz, flags: 0, pageSizes: 0n, capOffset: 0, capabilities: [] };
  if (argsz < LEAST_ARGSZ) return { status: -ERRNO.EINVAL, ...refused };
  const capabilities: InfoCapability[] = [];
  let offset = INFO_BYTES;
  if (dirtyPageSize !== undefined) {
    capabilities.push({ id: 2, offset, pageSizes: dirtyPageSize, maxBitmapBytes: MAX_BITMAP_BYTES });
    offset += MIGRATION_BYTES;
  }
  capabilities.push({ id: 3, offset, available });
  offset += AVAILABLE_BYTES;
  if (ranges.length > 0) {
    capabilities.push({ id: 1, offset, ranges });
    offset += RANGES_HEADER_BYTES + RANGE_BYTES * ranges.length;
  }
  const fixed = { status: 0, flags: INFO_PGSIZES | INFO_CAPS, pageSizes };
  if (argsz < offset) return { ...fixed, argsz: offset, capOffset: 0, capabilities: [] };
  return { ...fixed, argsz, capOffset: INFO_BYTES, capabilities };
}
