// SPDX-License-Identifier: MIT
/**
 * The iommufd ioctls on one IOAS (and the HWPT behind it), as their structs go in and come out.
 * Source: Linux 7.2.13 include/uapi/linux/iommufd.h. The object ids of the structs are this object itself.
 */
import type { Status } from '@sda-lab/guest-memory';
import type { Geometry, IovaRange } from '../geometry.ts';

export const FIXED_IOVA = 1;
export const WRITEABLE = 2;
export const READABLE = 4;
export const DIRTY_TRACKING_ENABLE = 1;
export const DIRTY_BITMAP_NO_CLEAR = 1;
export const OPTION_HUGE_PAGES = 1;

export interface IoasMap {
  readonly flags: number;
  readonly reserved?: number;
  readonly userVa: bigint;
  readonly length: bigint;
  readonly iova: bigint;
}

export interface IoasMapFile {
  readonly flags: number;
  readonly fd: number;
  readonly start: bigint;
  readonly length: bigint;
  readonly iova: bigint;
}

export interface IoasMapped {
  readonly status: Status;
  /** The iova field after the call: chosen by the kernel without FIXED_IOVA; unchanged on failure. */
  readonly iova: bigint;
}

export interface IoasUnmapped {
  readonly status: Status;
  /** The length field after the call: bytes removed, unchanged on failure although areas may be gone. */
  readonly length: bigint;
}

export interface IoasCopy {
  readonly flags: number;
  /** The source IOAS; this one is the destination. They may be the same. */
  readonly source: IommufdDoor;
  readonly length: bigint;
  readonly dstIova: bigint;
  readonly srcIova: bigint;
}

export interface IovaRanges {
  readonly status: Status;
  /** All there are; the caller's array holds the first ones. */
  readonly count: number;
  readonly ranges: readonly IovaRange[];
  readonly alignment: bigint;
}

export interface OptionArguments {
  readonly op: 'set' | 'get';
  readonly option: number;
  readonly value?: bigint;
}

export interface DirtyBitmapRequest {
  readonly flags: number;
  readonly reserved?: number;
  readonly iova: bigint;
  readonly length: bigint;
  readonly pageSize: bigint;
}

export interface IommufdDoor {
  readonly kind: 'iommufd';
  ioasMap(map: IoasMap): IoasMapped;
  ioasMapFile(map: IoasMapFile): IoasMapped;
  ioasUnmap(iova: bigint, length: bigint): IoasUnmapped;
  ioasCopy(copy: IoasCopy): IoasMapped;
  iovaRanges(arrayLength: number, reserved?: number): IovaRanges;
  allowIovas(ranges: readonly IovaRange[], reserved?: number): Status;
  option(request: OptionArguments): { readonly status: Status; readonly value: bigint };
  setDirtyTracking(flags: number, reserved?: number): Status;
  getDirtyBitmap(request: DirtyBitmapRequest): {
    readonly status: Status;
    /** Dirty ranges in units of the asked page size, ascending. */
    readonly dirty: readonly IovaRange[];
  };
  /** A device comes: its domain is filled with every area, or refused and nothing changes. */
  attachDevice(geometry: Geometry): Status;
  /** The last device goes: nothing stays pinned, areas stay. */
  detachDevice(): void;
}
