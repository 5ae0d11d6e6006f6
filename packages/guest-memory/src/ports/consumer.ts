// SPDX-License-Identifier: MIT
import type { Side } from '../page.ts';
import type { Section } from '../section.ts';
import type { Status } from '../status.ts';

/**
 * Who must know which pages a device may reach. A strategy calls it; a VFIO container listener is the usual one.
 *
 * `mapRun` stands for pageCount / granulePages map calls, in ascending order, granule boundaries on block pages that
 * are multiples of `granulePages` (QEMU 10.2.2 hw/vfio/listener.c, vfio_ram_discard_notify_populate). It may refuse
 * with any errno; `done` then says how many granules from the start of the run stay mapped. A consumer that undoes its
 * own failing run (QEMU's listener does) leaves `done` at 0.
 * `unmapRun` stands for one unmap call over the run, whatever mappings and holes lie in it. It may refuse.
 */
export interface Consumer {
  readonly name: string;
  /** Which pages it wants to reach. */
  readonly sides: Side | 'both';
  /** Smallest mapping it can take, in pages; a strategy must not map finer. */
  readonly smallestPages: number;
  /** `exact`: an unmap must name exactly one earlier mapping (vfio-user as specified). `range`: any union of them. */
  readonly unmapShape: 'range' | 'exact';
  /** Granules of the last refused `mapRun` that stay mapped; 0 after a success. */
  readonly done: number;
  mapRun(section: Section, side: Side, firstPage: number, pageCount: number, granulePages: number): Status;
  unmapRun(section: Section, side: Side, firstPage: number, pageCount: number): Status;
}
