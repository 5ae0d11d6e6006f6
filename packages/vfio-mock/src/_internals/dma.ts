// SPDX-License-Identifier: MIT
/**
 * One word read or written by a device. With pins the IO page table leads to a frame, whatever process memory has by
 * now; without, a server's own mapping of the memory faults the page in like any other process would.
 */
import { ERRNO, type Status } from '@sda-lab/guest-memory';
import type { DmaRead } from '../iommu-container.ts';
import type { PageContainer } from '../page-container.ts';
import { mappingFirst, type PageRecord, READ, WRITE } from './page-record.ts';

export function dmaReadWord(container: PageContainer, iova: bigint): DmaRead {
  const page = Number(iova >> 12n);
  const record = container.records.at(page);
  if (record === undefined || (record.flags & READ) === 0) return { status: -ERRNO.EFAULT, value: 0 };
  const frame = reachedFrame(container, record, page, false);
  if (frame < 0) return { status: frame, value: 0 };
  return { status: 0, value: container.memory.frames.read(frame, Number(iova & 0xfffn)) };
}

export function dmaWriteWord(container: PageContainer, iova: bigint, value: number): Status {
  const page = Number(iova >> 12n);
  const record = container.records.at(page);
  if (record === undefined || (record.flags & WRITE) === 0) return -ERRNO.EFAULT;
  const frame = reachedFrame(container, record, page, true);
  if (frame < 0) return frame;
  container.memory.frames.write(frame, value, Number(iova & 0xfffn));
  noteWrite(container, record, page);
  return 0;
}

/** Marks the leaf dirty that a device wrote through, when its hardware tracks that. */
export function noteWrite(container: PageContainer, record: PageRecord, page: number): void {
  if (!container.dirty.isTracking) return;
  const first = mappingFirst(record, page);
  const host = record.host + first - record.first;
  const leaf = container.costs.leafPages(page, first, record.granule, host);
  container.dirty.mark(page - (page % leaf), leaf);
}

function reachedFrame(
  container: PageContainer,
  record: PageRecord,
  page: number,
  isWrite: boolean,
): number {
  if (container.traits.pins) return container.frames.get(page);
  const frame = container.memory.pinPage(record.host + page - record.first, isWrite);
  if (frame > 0) container.memory.frames.unpin(frame);
  return frame;
}
