// SPDX-License-Identifier: MIT
/**
 * DMA_MAP and DMA_UNMAP messages as a vfio-user server answers them. The strict server (libvfio-user) wants an unmap to
 * name one earlier map; the lenient one takes any range that cuts no mapping. Offsets in the file stand for process
 * addresses here. Source: the vfio-user specification 0.9.2; QEMU 11.1.3's messages.
 */
import { ERRNO, type Status } from '@sda-lab/guest-memory';
import { READ, WRITE } from '../_internals/page-record.ts';
import { ADDRESS_END, PAGE } from '../geometry.ts';
import type { PageContainer } from '../page-container.ts';

const MAP_BYTES = 32;
const UNMAP_BYTES = 24;
const UNMAP_ALL = 2;

export interface DmaMapMessage {
  readonly argsz?: number;
  /** 1 read, 2 write. */
  readonly flags: number;
  readonly address: bigint;
  readonly iova: bigint;
  readonly size: bigint;
}

export interface DmaUnmapMessage {
  readonly argsz?: number;
  /** 2 removes everything; iova and size are 0 then. */
  readonly flags: number;
  readonly iova: bigint;
  readonly size: bigint;
}

export interface VfioUserDoor {
  readonly kind: 'vfio-user';
  dmaMap(message: DmaMapMessage): Status;
  dmaUnmap(message: DmaUnmapMessage): Status;
}

export function createVfioUserDoor(container: PageContainer): VfioUserDoor {
  return {
    kind: 'vfio-user',
    dmaMap: (message) => dmaMap(container, message),
    dmaUnmap: (message) => dmaUnmap(container, message),
  };
}

function refusedRange(iova: bigint, size: bigint): Status {
  if (size === 0n || iova % PAGE !== 0n || size % PAGE !== 0n) return -ERRNO.EINVAL;
  return iova + size > ADDRESS_END ? -ERRNO.EOVERFLOW : 0;
}

function dmaMap(container: PageContainer, message: DmaMapMessage): Status {
  const { argsz = MAP_BYTES, flags, address, iova, size } = message;
  const rights = flags & (READ | WRITE);
  if (argsz < MAP_BYTES || rights !== flags || rights === 0) return container.refuseMap(-ERRNO.EINVAL);
  if (address % PAGE !== 0n) return container.refuseMap(-ERRNO.EINVAL);
  const refused = refusedRange(iova, size);
  if (refused !== 0) return container.refuseMap(refused);
  const pageCount = Number(size / PAGE);
  const run = { iovaPage: Number(iova / PAGE), hostPage: Number(address / PAGE), pageCount };
  const { checks } = container;
  const granule = checks.firstRefusal({ ...run, granulePages: pageCount }, container.entriesAvailable);
  if (granule !== Infinity) return container.refuseMap(checks.status);
  return container.mapMapping(run.iovaPage, run.hostPage, pageCount, rights, {});
}

function dmaUnmap(container: PageContainer, message: DmaUnmapMessage): Status {
  const { argsz = UNMAP_BYTES, flags, iova, size } = message;
  if (argsz < UNMAP_BYTES || (flags & ~UNMAP_ALL) !== 0) return container.refuseUnmap(-ERRNO.EINVAL);
  if ((flags & UNMAP_ALL) !== 0) {
    if (iova !== 0n || size !== 0n) return container.refuseUnmap(-ERRNO.EINVAL);
    container.unmapAll();
    return 0;
  }
  const refused = refusedRange(iova, size);
  if (refused !== 0) return container.refuseUnmap(refused);
  return container.unmapPages(Number(iova / PAGE), Number(size / PAGE));
}
