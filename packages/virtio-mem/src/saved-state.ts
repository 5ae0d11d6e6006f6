// SPDX-License-Identifier: MIT
/**
 * What a migration stream carries of the device, in two parts. Which blocks are plugged travels before the RAM itself
 * ("virtio-mem-device-early"), how much is usable and requested after it; machine types without the early part send
 * all of it together after the RAM.
 * Source: QEMU 10.2.2 hw/virtio/virtio-mem.c, vmstate_virtio_mem_device and vmstate_virtio_mem_device_early.
 * Not covered: the byte layout; a bitmap is its runs here.
 */
import type { BlockRange } from './_internals/device-state.ts';

export interface SavedBlocks {
  /** These four are not restored: they must be what the destination has, or the load is -EINVAL. */
  readonly firstGfn: number;
  readonly regionPages: number;
  readonly blockPages: number;
  readonly node: number;
  /** The bitmap: maximal plugged runs, ascending. */
  readonly pluggedRuns: readonly BlockRange[];
  readonly pluggedPages: number;
}

export interface SavedSizes {
  readonly usablePages: number;
  readonly requestedPages: number;
}

/** What else is known while a stream is loaded. */
export interface LoadConditions {
  /**
   * The source may turn to postcopy, or has: then RAM arrives on access, and what is preallocated is in its way.
   * @defaultValue 'none'
   */
  readonly postcopy?: 'none' | 'advised' | 'running';
  /**
   * The RAM is not in the stream, because both sides share the file behind it (x-ignore-shared).
   * @defaultValue false
   */
  readonly isRamIgnored?: boolean;
}
