// SPDX-License-Identifier: MIT
/**
 * Dynamic memslots: the device's region is cut into memslots, and one is shown to the guest only while something is
 * plugged in it. Each active memslot is a section of its own, hence a KVM slot and a listener per VFIO container.
 *
 * Lifecycle of a memslot: inactive -> active (before the first block of it is plugged) -> inactive (after the last one
 * was unplugged). A refused plug takes its activation back.
 *
 * Source: QEMU 10.2.2 hw/virtio/virtio-mem.c, virtio_mem_decide_memslots and virtio_mem_activate_memslots_to_plug.
 * Not covered: how QEMU picks the limit from free memslots of KVM and vhost.
 */
import { PAGE_BYTES, type PageRange, type Status } from '@sda-lab/guest-memory';
import { VirtioMemRefusal } from './refusal.ts';

/** Whoever builds the guest's address space: turns memslots of one device into sections. */
export interface MemslotHost {
  /** The guest gets a section for the pages, and consumers follow it. A refusal leaves nothing of it. */
  activate(index: number, range: PageRange): Status;
  /** Consumers stop following the section, then it goes. Called for active memslots only. */
  deactivate(index: number, range: PageRange): void;
}

export interface MemslotOptions {
  /** Device blocks per memslot; the last memslot may be shorter. `memslotLayout` has QEMU's number. */
  readonly blocksPerMemslot: number;
  readonly host: MemslotHost;
}

/** QEMU's VIRTIO_MEM_MIN_MEMSLOT_SIZE, 1 GiB, in pages. */
export const MIN_MEMSLOT_PAGES: number = 2 ** 30 / PAGE_BYTES;

export interface MemslotLayout {
  readonly memslotCount: number;
  readonly memslotPages: number;
  readonly blocksPerMemslot: number;
}

/** How QEMU cuts a region of whole blocks when it may use at most `memslotLimit` memslots. */
export function memslotLayout(regionPages: number, blockPages: number, memslotLimit: number): MemslotLayout {
  for (const [name, value] of Object.entries({ regionPages, blockPages, memslotLimit })) {
    if (Number.isSafeInteger(value) && value > 0) continue;
    throw notWhole(`${name} = ${value}`, 'must be a whole number, at least 1');
  }
  if (regionPages % blockPages !== 0) {
    throw notWhole(`regionPages = ${regionPages}`, `must be a multiple of blockPages = ${blockPages}`);
  }
  const share = Math.ceil(Math.floor(regionPages / memslotLimit) / blockPages) * blockPages;
  const size = Math.max(share, blockPages, MIN_MEMSLOT_PAGES);
  const memslotCount = memslotLimit === 1 ? 1 : Math.ceil(regionPages / size);
  const memslotPages = memslotCount === 1 ? regionPages : size;
  return { memslotCount, memslotPages, blocksPerMemslot: memslotPages / blockPages };
}

function notWhole(value: string, limit: string): VirtioMemRefusal {
  const next = 'give sizes in whole pages and whole blocks';
  return new VirtioMemRefusal('memslot-not-block-count', { call: 'memslotLayout', value, limit, next });
}
