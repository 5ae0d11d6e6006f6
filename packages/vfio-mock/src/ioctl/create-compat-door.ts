// SPDX-License-Identifier: MIT
/**
 * The VFIO ioctls as iommufd's compat layer answers them, over the same IOAS as the native ones.
 * Source: Linux 7.2.13 drivers/iommu/iommufd/vfio_compat.c; recordings fuzz-all, stale-compat-7.2own.
 */
import { ERRNO, type Status } from '@sda-lab/guest-memory';
import { READ, WRITE } from '../_internals/page-record.ts';
import { freeRanges } from './create-iommufd-door.ts';
import type { Ioas } from './ioas.ts';
import {
  type DmaMap,
  type DmaUnmap,
  type DmaUnmapped,
  MAP_READ,
  MAP_WRITE,
  UNMAP_ALL,
  type VfioDoor,
} from './vfio-door.ts';
import { buildInfo } from './vfio-info.ts';

const MAP_BYTES = 32;
const UNMAP_BYTES = 24;
const NO_LIMIT = 4294967295;
/** TYPE1, TYPE1v2, UNMAP_ALL. */
const EXTENSIONS: readonly number[] = [1, 3, 9];

export function createCompatDoor(ioas: Ioas, pageSizes: bigint): VfioDoor {
  return {
    kind: 'compat',
    mapDma: (map) => mapDma(ioas, map),
    unmapDma: (unmap) => unmapDma(ioas, unmap),
    dirtyPages: () => ({ status: -ERRNO.ENOTTY, dirty: [] }),
    getInfo: (argsz) =>
      buildInfo(argsz, {
        pageSizes: ioas.largePages ? pageSizes : ioas.alignment,
        dirtyPageSize: undefined,
        available: NO_LIMIT,
        ranges: freeRanges(ioas.reserved),
      }),
    checkExtension: (extension) => (EXTENSIONS.includes(extension) ? 1 : 0),
  };
}

function mapDma(ioas: Ioas, map: DmaMap): Status {
  const { argsz = MAP_BYTES, flags, vaddr, iova, size } = map;
  const isRefused = argsz < MAP_BYTES || (flags & ~(MAP_READ | MAP_WRITE)) !== 0;
  if (isRefused) return ioas.areas.refuseMap(-ERRNO.EINVAL);
  const rights = ((flags & MAP_READ) === 0 ? 0 : READ) | ((flags & MAP_WRITE) === 0 ? 0 : WRITE);
  // Neither right passes the ioctl; VT-d second-stage entries cannot express it once the pages are pinned.
  const driverStatus = rights === 0 ? -ERRNO.EINVAL : 0;
  return ioas.mapPages({ iova }, { kind: 'user', va: vaddr }, size, rights, driverStatus).status;
}

function unmapDma(ioas: Ioas, unmap: DmaUnmap): DmaUnmapped {
  const { argsz = UNMAP_BYTES, flags, iova, size } = unmap;
  const isAll = (flags & UNMAP_ALL) !== 0;
  const isRefused = argsz < UNMAP_BYTES || (flags & ~UNMAP_ALL) !== 0;
  if (isRefused || (isAll && (iova !== 0n || size !== 0n))) {
    return { status: ioas.areas.refuseUnmap(-ERRNO.EINVAL), size, dirty: [] };
  }
  if (isAll) return { status: 0, size: ioas.areas.unmapAll(), dirty: [] };
  const { status, bytes } = ioas.unmap(iova, size);
  return { status, size: bytes, dirty: [] };
}
