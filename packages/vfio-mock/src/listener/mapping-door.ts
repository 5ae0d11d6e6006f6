// SPDX-License-Identifier: MIT
import type { Status } from '@sda-lab/guest-memory';

/** The part of a kernel container that QEMU's listener uses, in page numbers. */
export interface MappingDoor {
  /** Granules of the last `mapPages` that were mapped before it was refused. */
  readonly done: number;
  /** pageCount / granulePages map calls, ascending; stops at the first refused one, earlier ones stay. */
  mapPages(
    iovaPage: number,
    hostPage: number,
    pageCount: number,
    granulePages: number,
    writable: boolean,
  ): Status;
  /** One unmap call, raw kernel answer. */
  unmapPages(iovaPage: number, pageCount: number): Status;
}
