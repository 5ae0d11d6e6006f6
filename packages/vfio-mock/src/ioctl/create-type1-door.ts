// SPDX-License-Identifier: MIT
/**
 * The VFIO ioctls as type1 answers them: v1 and v2 differ in their row of traits only.
 *
 * Source: Linux 7.2.13 drivers/vfio/vfio_iommu_type1.c (vfio_dma_do_map, vfio_dma_do_unmap, dirty pages, get info);
 * recordings edge-type1-7.2, fuzz-all. Not covered: mediated devices, bitmaps too large for memory.
 */
import { ERRNO, type Status } from '@sda-lab/guest-memory';
import { mappingEnd, READ, WRITE } from '../_internals/page-record.ts';
import { ADDRESS_END, type IovaRange, PAGE, PAGES_END, smallestPage } from '../geometry.ts';
import { KERNEL_KNOBS } from '../kernel-knobs.ts';
import type { PageContainer } from '../page-container.ts';
import { mappedRanges } from './mapped-ranges.ts';
import { dirtyPages, refusesBitmap } from './type1-dirty.ts';
import { invalidateVaddr, restoreVaddr } from './type1-vaddr.ts';
import {
  type DmaMap,
  type DmaUnmap,
  type DmaUnmapped,
  MAP_READ,
  MAP_VADDR,
  MAP_WRITE,
  UNMAP_ALL,
  UNMAP_GET_DIRTY_BITMAP,
  UNMAP_VADDR,
  type VfioDoor,
} from './vfio-door.ts';
import { buildInfo } from './vfio-info.ts';

const MAP_BYTES = 32;
const UNMAP_BYTES = 24;
const BITMAP_BYTES = 24;
/** TYPE1, TYPE1v2, UNMAP_ALL, UPDATE_VADDR; coherency (4) is left to the platform. */
const EXTENSIONS: readonly number[] = [1, 3, 9, 10];

export function createType1Door(container: PageContainer): VfioDoor {
  const page = smallestPage(container.geometry);
  return {
    kind: 'type1',
    mapDma: (map) => mapDma(container, page, map),
    unmapDma: (unmap) => unmapDma(container, page, unmap),
    dirtyPages: (request) => dirtyPages(container, page, request),
    getInfo: (argsz) =>
      buildInfo(argsz, {
        pageSizes: container.geometry.pageSizes,
        dirtyPageSize: page,
        available: container.entriesAvailable,
        ranges: container.geometry.ranges,
      }),
    checkExtension: (extension) => (EXTENSIONS.includes(extension) ? 1 : 0),
  };
}

function mapDma(container: PageContainer, page: bigint, map: DmaMap): Status {
  const { flags, vaddr, iova, size } = map;
  const refused = refusedMap(container, page, map);
  if (refused !== 0) return container.refuseMap(refused);
  if ((flags & MAP_VADDR) !== 0) return restoreVaddr(container, iova, vaddr, size);
  const rights = ((flags & MAP_READ) === 0 ? 0 : READ) | ((flags & MAP_WRITE) === 0 ? 0 : WRITE);
  const [iovaPage, hostPage, count] = [iova, vaddr, size].map((bytes) => Number(bytes / PAGE));
  return container.mapMapping(iovaPage!, hostPage!, count!, rights, {});
}

function refusedMap(container: PageContainer, page: bigint, map: DmaMap): Status {
  const { argsz = MAP_BYTES, flags, vaddr, iova, size } = map;
  const last = iova + size - 1n;
  const isUpdate = (flags & MAP_VADDR) !== 0;
  const hasRights = (flags & (MAP_READ | MAP_WRITE)) !== 0;
  if (argsz < MAP_BYTES || (flags & ~(MAP_READ | MAP_WRITE | MAP_VADDR)) !== 0) return -ERRNO.EINVAL;
  if (size === 0n) return -ERRNO.EINVAL;
  const wraps = last >= ADDRESS_END || vaddr + size - 1n >= ADDRESS_END;
  if (wraps) return KERNEL_KNOBS[container.kernel].wrapStatus;
  if (isUpdate === hasRights) return -ERRNO.EINVAL;
  const { traits, geometry, records } = container;
  const refusing = {
    alignment: (): boolean => (size | iova | vaddr) % page !== 0n,
    overlap: (): boolean => {
      const first = Number(iova / PAGE);
      const end = Number(last / PAGE) + 1;
      return !isUpdate && records.nextMapped(first, end) < end;
    },
    limit: (): boolean => !isUpdate && container.entriesAvailable <= 0,
    range: (): boolean =>
      !isUpdate && !geometry.ranges.some((range) => iova >= range.start && last <= range.last),
  };
  for (const check of traits.mapOrder) if (refusing[check]()) return traits.mapStatus[check];
  return 0;
}

function unmapDma(container: PageContainer, page: bigint, unmap: DmaUnmap): DmaUnmapped {
  const { flags, size } = unmap;
  const refused = refusedUnmap(container, page, unmap);
  if (refused !== 0) return { status: container.refuseUnmap(refused), size, dirty: [] };
  const isVaddr = (flags & UNMAP_VADDR) !== 0;
  if ((flags & UNMAP_ALL) !== 0) {
    if (isVaddr) return answer(invalidateVaddr(container, 0, PAGES_END), size, []);
    return { status: 0, size: BigInt(container.unmapAll()) * PAGE, dirty: [] };
  }
  const { first, end } = walkedPages(container, unmap);
  if (isVaddr) return answer(invalidateVaddr(container, first, end), size, []);
  const dirty = (flags & UNMAP_GET_DIRTY_BITMAP) === 0 ? [] : mappedRanges(container, first, end);
  const request = { touchFirst: first, touchEnd: end, insideFirst: first, insideEnd: end };
  const status = container.unmapRequest(request);
  return answer({ status, pages: container.unmappedPages }, size, dirty);
}

function answer(
  result: { readonly status: Status; readonly pages: number },
  size: bigint,
  dirty: readonly IovaRange[],
): DmaUnmapped {
  const { status, pages } = result;
  if (status !== 0) return { status, size, dirty: [] };
  return { status, size: BigInt(pages) * PAGE, dirty };
}

/**
 * Pages the walk looks at. Kernels before 7.x compute the end of a range that reaches 2^64 as 0, so their walk finds
 * nothing; the last page of all stands for that, no geometry has it.
 */
function walkedPages(
  container: PageContainer,
  { iova, size }: DmaUnmap,
): { readonly first: number; readonly end: number } {
  const first = Number(iova / PAGE);
  const end = Number((iova + size) / PAGE);
  if (end < PAGES_END || KERNEL_KNOBS[container.kernel].walksToLastAddress) return { first, end };
  const holder = container.records.at(first);
  const cuts = holder !== undefined && mappingEnd(holder, first) - holder.granule < first;
  return cuts ? { first, end } : { first: PAGES_END - 1, end: PAGES_END };
}

function refusedUnmap(container: PageContainer, page: bigint, unmap: DmaUnmap): Status {
  const { argsz = UNMAP_BYTES + BITMAP_BYTES, flags, iova, size, bitmap } = unmap;
  const known = UNMAP_GET_DIRTY_BITMAP | UNMAP_ALL | UNMAP_VADDR;
  const wantsDirty = (flags & UNMAP_GET_DIRTY_BITMAP) !== 0;
  if (argsz < UNMAP_BYTES || (flags & ~known) !== 0) return -ERRNO.EINVAL;
  if (wantsDirty) {
    if ((flags & (UNMAP_ALL | UNMAP_VADDR)) !== 0) return -ERRNO.EINVAL;
    if (argsz < UNMAP_BYTES + BITMAP_BYTES || refusesBitmap(bitmap, size)) return -ERRNO.EINVAL;
  }
  if (iova % page !== 0n) return -ERRNO.EINVAL;
  if ((flags & UNMAP_ALL) !== 0) return iova === 0n && size === 0n ? 0 : -ERRNO.EINVAL;
  if (size === 0n || size % page !== 0n) return -ERRNO.EINVAL;
  if (iova + size > ADDRESS_END) return KERNEL_KNOBS[container.kernel].wrapStatus;
  const tracks = container.dirty.isTracking && bitmap?.pgsize === page;
  return wantsDirty && !tracks ? -ERRNO.EINVAL : 0;
}
