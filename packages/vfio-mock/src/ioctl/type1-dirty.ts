// SPDX-License-Identifier: MIT
/**
 * VFIO_IOMMU_DIRTY_PAGES of type1: software tracking. Without mediated devices nothing narrows what a device may have
 * written, so every mapped page is reported dirty each time. Source: Linux 7.2.13 vfio_iommu_type1.c.
 */
import { ERRNO, type Status } from '@sda-lab/guest-memory';
import { mappingEnd, mappingFirst } from '../_internals/page-record.ts';
import { ADDRESS_END, PAGE, PAGES_END } from '../geometry.ts';
import { KERNEL_KNOBS } from '../kernel-knobs.ts';
import type { PageContainer } from '../page-container.ts';
import { mappedRanges } from './mapped-ranges.ts';
import {
  type BitmapArgument,
  DIRTY_GET_BITMAP,
  DIRTY_START,
  DIRTY_STOP,
  type DirtyAnswer,
  type DirtyPages,
} from './vfio-door.ts';
import { MAX_BITMAP_BYTES } from './vfio-info.ts';

const HEADER_BYTES = 8;
const GET_BYTES = 40;
const MOST_PAGES_PER_BITMAP = 2 ** 31 - 1;

export function dirtyPages(container: PageContainer, page: bigint, request: DirtyPages): DirtyAnswer {
  const { argsz = HEADER_BYTES + GET_BYTES, flags } = request;
  const { dirtyPagesStatus } = container.traits;
  if (dirtyPagesStatus !== 0) return { status: dirtyPagesStatus, dirty: [] };
  if (argsz < HEADER_BYTES) return refuse(-ERRNO.EINVAL);
  switch (flags) {
    case DIRTY_START: {
      if (hasMappingAbove(container, MOST_PAGES_PER_BITMAP)) return refuse(-ERRNO.EINVAL);
      if (!container.dirty.isTracking) container.dirty.start();
      return { status: 0, dirty: [] };
    }
    case DIRTY_STOP:
      container.dirty.stop();
      return { status: 0, dirty: [] };
    case DIRTY_GET_BITMAP:
      return argsz < HEADER_BYTES + GET_BYTES
        ? refuse(-ERRNO.EINVAL)
        : getBitmap(container, page, request);
    default:
      return refuse(-ERRNO.EINVAL);
  }
}

/** Whether a caller's bitmap cannot hold one bit per page of `size` bytes. */
export function refusesBitmap(bitmap: BitmapArgument | undefined, size: bigint): boolean {
  if (bitmap === undefined || bitmap.pgsize === 0n) return true;
  const lowestBit = bitmap.pgsize & -bitmap.pgsize;
  const pages = size / lowestBit;
  const needed = ((pages + 63n) / 64n) * 8n;
  return (
    pages === 0n || bitmap.size === 0n || bitmap.size > MAX_BITMAP_BYTES || bitmap.size < needed
  );
}

function refuse(status: Status): DirtyAnswer {
  return { status, dirty: [] };
}

function hasMappingAbove(container: PageContainer, pages: number): boolean {
  let isAbove = false;
  container.records.forEach(0, PAGES_END, ({ granule }) => {
    isAbove ||= granule > pages;
  });
  return isAbove;
}

function getBitmap(container: PageContainer, page: bigint, request: DirtyPages): DirtyAnswer {
  const { iova = 0n, size = 0n, bitmap } = request;
  if (size === 0n) return refuse(-ERRNO.EINVAL);
  if (iova + size > ADDRESS_END) return refuse(KERNEL_KNOBS[container.kernel].wrapStatus);
  if (refusesBitmap(bitmap, size) || bitmap?.pgsize !== page) return refuse(-ERRNO.EINVAL);
  if (iova % page !== 0n || size % page !== 0n) return refuse(-ERRNO.EINVAL);
  if (!container.dirty.isTracking) return refuse(-ERRNO.EINVAL);
  const first = Number(iova / PAGE);
  const end = Number((iova + size) / PAGE);
  const left = container.records.at(first);
  const cutsLeft = left !== undefined && mappingFirst(left, first) !== first;
  const right = container.records.at(end - 1);
  const cutsRight = right !== undefined && mappingEnd(right, end - 1) !== end;
  if (cutsLeft || cutsRight) return refuse(-ERRNO.EINVAL);
  return { status: 0, dirty: mappedRanges(container, first, end) };
}
