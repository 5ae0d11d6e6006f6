// SPDX-License-Identifier: MIT
/** The calls of a recorder, made through whichever ioctls a container speaks. */
import { ERRNO, type Status } from '@sda-lab/guest-memory';
import { LAST_ADDRESS } from '../geometry.ts';
import type { IommuContainer } from '../iommu-container.ts';
import { FIXED_IOVA, READABLE, WRITEABLE } from '../ioctl/iommufd-door.ts';
import { UNMAP_ALL } from '../ioctl/vfio-door.ts';

export interface UserMap {
  readonly iova: bigint;
  readonly va: bigint;
  readonly size: bigint;
  /** 1 read, 2 write. */
  readonly rights: number;
  /** Without FIXED_IOVA; only iommufd can. */
  readonly anywhere: boolean;
}

export interface Mapped {
  readonly status: Status;
  readonly iova: bigint;
}

export function mapUser(container: IommuContainer, map: UserMap): Mapped {
  const { iova, va, size, rights, anywhere } = map;
  const door = container.ioctl;
  switch (door.kind) {
    case 'iommufd':
      return door.ioasMap({ flags: ioasFlags(rights, anywhere), userVa: va, length: size, iova });
    case 'vfio-user':
      return { status: door.dmaMap({ flags: rights, address: va, iova, size }), iova };
    case 'type1':
    case 'compat':
      return { status: door.mapDma({ flags: rights, vaddr: va, iova, size }), iova };
  }
}

export interface FileMap {
  readonly iova: bigint;
  readonly fd: number;
  readonly start: bigint;
  readonly size: bigint;
  readonly rights: number;
  readonly anywhere: boolean;
}

/** Only iommufd maps files; elsewhere the ioctl does not exist. */
export function mapFile(container: IommuContainer, map: FileMap): Mapped {
  const { iova, fd, start, size, rights, anywhere } = map;
  const door = container.ioctl;
  if (door.kind !== 'iommufd') return { status: -ERRNO.ENOTTY, iova };
  return door.ioasMapFile({ flags: ioasFlags(rights, anywhere), fd, start, length: size, iova });
}

export interface Unmapped {
  readonly status: Status;
  /** The size field after the call. */
  readonly size: bigint;
}

export function unmap(container: IommuContainer, iova: bigint, size: bigint): Unmapped {
  const door = container.ioctl;
  switch (door.kind) {
    case 'iommufd': {
      const { status, length } = door.ioasUnmap(iova, size);
      return { status, size: length };
    }
    case 'vfio-user': {
      const status = door.dmaUnmap({ flags: 0, iova, size });
      return { status, size: status === 0 ? BigInt(container.unmappedPages) * 4096n : size };
    }
    case 'type1':
    case 'compat':
      return door.unmapDma({ flags: 0, iova, size });
  }
}

export function unmapAll(container: IommuContainer): Unmapped {
  const door = container.ioctl;
  switch (door.kind) {
    case 'iommufd': {
      const { status, length } = door.ioasUnmap(0n, LAST_ADDRESS);
      return { status, size: length };
    }
    case 'vfio-user': {
      const status = door.dmaUnmap({ flags: UNMAP_ALL, iova: 0n, size: 0n });
      return { status, size: BigInt(container.unmappedPages) * 4096n };
    }
    case 'type1':
    case 'compat':
      return door.unmapDma({ flags: UNMAP_ALL, iova: 0n, size: 0n });
  }
}

function ioasFlags(rights: number, anywhere: boolean): number {
  const read = (rights & 1) === 0 ? 0 : READABLE;
  const write = (rights & 2) === 0 ? 0 : WRITEABLE;
  return read | write | (anywhere ? 0 : FIXED_IOVA);
}
