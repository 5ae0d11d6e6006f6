// SPDX-License-Identifier: MIT
/**
 * What happens in each kind of workload. Sources of the shapes: the swiotlb of a confidential Linux guest (one bounce
 * buffer in low memory and single pages shared by drivers), the notification of a device that comes late (the attach walks
 * all that is shared), virtio-mem as QEMU 10.2.2 plugs it.
 */
import { PAGE_BYTES } from '@sda-lab/guest-memory';
import { generator } from '../harness/statistics.ts';
import type { Size } from '../harness/table.ts';
import { Guest, REQUEST_PAGES } from './guest.ts';
import { type PageRun, scatteredPages, scatteredRuns } from './scatter.ts';
import type { Workload, WorkloadRun } from './workload.ts';

type Run = Workload['run'];

const PAGES_PER_GIB = 2 ** 30 / PAGE_BYTES;
/** Counts of pages and runs, large enough to see and, in a test, small enough not to wait. */
const SCATTERED: Readonly<Record<Size, number>> = { full: 1000, small: 16 };
const MIXED: Readonly<Record<Size, number>> = { full: 1_000_000, small: 500 };

/** The device first, then all of memory is shared. */
export const bootShared: Run = (workload, size) => {
  const start = process.hrtime.bigint();
  const guest = guestOf(workload, size);
  guest.attach();
  guest.convertAll(0, guest.bootPages, 'shared');
  return resultOf(guest, start);
};

/** 1 GiB from 1 GiB on; in small guests a 16th of it after a quarter. */
export function bounceBuffer(pageCount: number): PageRun {
  return { firstPage: Math.min(PAGES_PER_GIB, pageCount / 4), pageCount: Math.min(PAGES_PER_GIB, pageCount / 16) };
}

/** The bounce buffer, and single pages anywhere above it. */
export function swiotlbRuns(pageCount: number, size: Size, seed: number): PageRun[] {
  const buffer = bounceBuffer(pageCount);
  return [buffer, ...scatteredPages(SCATTERED[size], buffer.firstPage + buffer.pageCount, pageCount, seed)];
}

export const swiotlbAttachedBefore: Run = (workload, size, seed) => {
  const start = process.hrtime.bigint();
  const guest = guestOf(workload, size);
  guest.attach();
  shareAll(guest, swiotlbRuns(guest.pageCount, size, seed));
  return resultOf(guest, start);
};

export const swiotlbAttachedAfter: Run = (workload, size, seed) => {
  const start = process.hrtime.bigint();
  const guest = guestOf(workload, size);
  shareAll(guest, swiotlbRuns(guest.pageCount, size, seed));
  guest.attach();
  return resultOf(guest, start);
};

/** Only the attach is timed: it walks everything and maps what is shared. */
export const hotplugReplay: Run = (workload, size, seed) => {
  const guest = guestOf(workload, size);
  shareAll(guest, scatteredRuns(SCATTERED[size], REQUEST_PAGES, 0, guest.pageCount, seed));
  const { events } = guest;
  const start = process.hrtime.bigint();
  guest.attach();
  return resultOf(guest, start, events);
};

/** Both ways by chance, 4 KiB to 2 MiB; a size is less often asked for than half of it, by the root of two. */
export const steadyMix: Run = (workload, size, seed) => {
  const guest = guestOf(workload, size);
  guest.attach();
  const random = generator(seed);
  const weights = Array.from({ length: 10 }, (_, order) => 2 ** (-order / 2));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const orderOf = (chance: number): number => {
    let left = chance * total;
    const order = weights.findIndex((weight) => (left -= weight) < 0);
    return order === -1 ? weights.length - 1 : order;
  };
  const { events } = guest;
  const start = process.hrtime.bigint();
  for (let count = 0; count < MIXED[size]; count += 1) {
    const pages = 2 ** orderOf(random());
    const page = Math.floor((random() * guest.pageCount) / pages) * pages;
    guest.convert(page, pages, random() < 0.5 ? 'shared' : 'private');
  }
  return resultOf(guest, start, events);
};

/** Every second block is plugged and in each of them a run shared; only the attach is timed: it maps what is both. */
export const virtioMemAttach: Run = (workload, size, seed) => {
  const blocks = { full: { blockCount: 65_535, blockPages: 4096 }, small: { blockCount: 16, blockPages: 256 } }[size];
  const guest = guestOf(workload, size, blocks);
  const random = generator(seed);
  for (let block = 0; block < blocks.blockCount; block += 2) {
    guest.plug(block, 1);
    const pages = 1 + Math.floor(random() * (blocks.blockPages / 16));
    const first = guest.bootPages + block * blocks.blockPages;
    guest.convert(first + Math.floor(random() * (blocks.blockPages - pages)), pages, 'shared');
  }
  const { events } = guest;
  const start = process.hrtime.bigint();
  guest.attach();
  return resultOf(guest, start, events);
};

function guestOf({ strategy, backend, storage, judge, guestBytes }: Workload, size: Size, vmem?: { blockCount: number; blockPages: number }): Guest {
  return new Guest({ strategy, backend, storage, judge, guestBytes: guestBytes[size], ...(vmem !== undefined && { vmem }) });
}

function shareAll(guest: Guest, runs: readonly PageRun[]): void {
  for (const { firstPage, pageCount } of runs) guest.convertAll(firstPage, firstPage + pageCount, 'shared');
}

/** `eventsBefore`: those of what was not timed. */
function resultOf(guest: Guest, start: bigint, eventsBefore = 0): WorkloadRun {
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const { events, checksum, counts } = guest;
  return { seconds, calls: counts.calls, events: events - eventsBefore, checksum };
}
