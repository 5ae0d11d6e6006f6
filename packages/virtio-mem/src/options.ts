// SPDX-License-Identifier: MIT
import type { Host, PageRange, PlugEvents, RamBlock, Status } from '@sda-lab/guest-memory';
import type { MemslotOptions } from './memslots.ts';

/** QEMU's VIRTIO_MEM_MIN_BLOCK_SIZE: 1 MiB of 4 KiB pages. */
export const MIN_BLOCK_PAGES = 256;

/** QEMU's VIRTIO_MEM_USABLE_EXTENT on x86 and s390x: 256 MiB. On arm it is four times that. */
export const USABLE_EXTENT_PAGES = 65536;

export interface VirtioMemOptions {
  readonly name: string;
  /** The memory backend. The device owns the plugged state of all of it. */
  readonly block: RamBlock;
  /** Guest page number of the block's page 0 (the `memaddr` property in pages). A multiple of `blockPages`. */
  readonly firstGfn: number;
  /** Device block size in pages: a power of two, at least MIN_BLOCK_PAGES unless `scaled`. Never changes. */
  readonly blockPages: number;
  /** What the host asks the guest to plug at first, in pages: a multiple of `blockPages`, at most the region. */
  readonly requestedPages: number;
  /**
   * How far beyond the requested size the guest may use blocks, in pages.
   * @defaultValue USABLE_EXTENT_PAGES
   */
  readonly extentPages?: number;
  /**
   * Small worlds scale block sizes down; the minimum is one page then.
   * @defaultValue false
   */
  readonly scaled?: boolean;
  /** Frees the RAM of unplugged blocks. */
  readonly host: Pick<Host, 'discard' | 'regime'>;
  /** Who hears of plugging: the strategy. */
  readonly events: PlugEvents;
  /** Whether a migration is running or an incoming postcopy is; asked at each request that would change state. */
  readonly isMigrating: () => boolean;
  /** Fills the shared side of blocks before they are plugged (the `prealloc` property). A refusal is BUSY. */
  readonly prealloc?: (range: PageRange) => Status;
  /**
   * Dynamic memslots: parts of the region that are sections only while something is plugged in them. Without, the
   * region is one section that is always there, and whoever builds the world adds it.
   */
  readonly memslots?: MemslotOptions;
  /**
   * NUMA node; saved, and compared at a load.
   * @defaultValue 0
   */
  readonly node?: number;
  /**
   * The device waits for an incoming migration: its RAM is not discarded when it is created.
   * @defaultValue false
   */
  readonly isIncoming?: boolean;
}
