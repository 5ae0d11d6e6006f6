// SPDX-License-Identifier: MIT
/**
 * The VFIO container ioctls as their structs go in and come out. Spoken by type1 and, in part, by iommufd's compat layer.
 * Source: Linux 7.2.13 include/uapi/linux/vfio.h. `argsz` may be left out where the caller's struct is complete.
 */
import type { Status } from '@sda-lab/guest-memory';
import type { IovaRange } from '../geometry.ts';

export const MAP_READ = 1;
export const MAP_WRITE = 2;
export const MAP_VADDR = 4;
export const UNMAP_GET_DIRTY_BITMAP = 1;
export const UNMAP_ALL = 2;
export const UNMAP_VADDR = 4;
export const DIRTY_START = 1;
export const DIRTY_STOP = 2;
export const DIRTY_GET_BITMAP = 4;
export const INFO_PGSIZES = 1;
export const INFO_CAPS = 2;

export interface DmaMap {
  readonly argsz?: number;
  readonly flags: number;
  readonly vaddr: bigint;
  readonly iova: bigint;
  readonly size: bigint;
}

/** struct vfio_bitmap: what the caller offers; the bits come back as ranges. */
export interface BitmapArgument {
  readonly pgsize: bigint;
  /** Bytes of the caller's bitmap. */
  readonly size: bigint;
}

export interface DmaUnmap {
  readonly argsz?: number;
  readonly flags: number;
  readonly iova: bigint;
  readonly size: bigint;
  readonly bitmap?: BitmapArgument;
}

export interface DmaUnmapped {
  readonly status: Status;
  /** The size field after the call: bytes removed, or what the kernel left there on failure. */
  readonly size: bigint;
  /** Dirty ranges of what was removed, when asked for. */
  readonly dirty: readonly IovaRange[];
}

export interface DirtyPages {
  readonly argsz?: number;
  readonly flags: number;
  readonly iova?: bigint;
  readonly size?: bigint;
  readonly bitmap?: BitmapArgument;
}

export interface DirtyAnswer {
  readonly status: Status;
  readonly dirty: readonly IovaRange[];
}

/** One capability of the GET_INFO chain. */
export type InfoCapability =
  | { readonly id: 1; readonly offset: number; readonly ranges: readonly IovaRange[] }
  | {
      readonly id: 2;
      readonly offset: number;
      readonly pageSizes: bigint;
      readonly maxBitmapBytes: bigint;
    }
  | { readonly id: 3; readonly offset: number; readonly available: number };

export interface Info {
  readonly status: Status;
  /** As given, or what would be needed for the capabilities. */
  readonly argsz: number;
  readonly flags: number;
  readonly pageSizes: bigint;
  readonly capOffset: number;
  readonly capabilities: readonly InfoCapability[];
}

export interface VfioDoor {
  readonly kind: 'type1' | 'compat';
  mapDma(map: DmaMap): Status;
  unmapDma(unmap: DmaUnmap): DmaUnmapped;
  dirtyPages(request: DirtyPages): DirtyAnswer;
  getInfo(argsz: number): Info;
  checkExtension(extension: number): number;
}
