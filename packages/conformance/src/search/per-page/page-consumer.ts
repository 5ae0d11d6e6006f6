// SPDX-License-Identifier: MIT
/**
 * A container of the per-page model: one bit per page that it has mapped, and a refusal of the next map of one page.
 * Behaves as a VFIO listener over type1v2 or iommufd: granule maps in ascending order, a map over a mapped page is
 * refused by the kernel (-EEXIST), an unmap takes holes. `rollback: 'run'` is QEMU's listener, which undoes its own
 * refused run.
 */
import { type Consumer, ERRNO, type Section, type Side, type Status } from '@sda-lab/guest-memory';
import { bitsOf } from './page-bits.ts';

/** No page. */
export const NONE = -1;

export class PageConsumer implements Consumer {
  readonly name: string;
  readonly sides: Side = 'shared';
  readonly smallestPages: number = 1;
  readonly unmapShape: 'range' | 'exact' = 'range';
  done: number = 0;
  /** Bit per page: mapped. */
  mapped: number = 0;
  /** The page whose next map is refused, or NONE; the refusal is used up by it. */
  refusedPage: number = NONE;
  /** Bit per page: a map was asked for since it was last cleared. */
  asked: number = 0;
  /** Some call since it was last cleared was one that the kernel must refuse. */
  wasIllegal: boolean = false;
  readonly #undoesRun: boolean;

  constructor(name: string, rollback: 'run' | 'none') {
    this.name = name;
    this.#undoesRun = rollback === 'run';
  }

  mapRun(_section: Section, _side: Side, firstPage: number, pageCount: number, granulePages: number): Status {
    const endPage = firstPage + pageCount;
    const bits = bitsOf(firstPage, endPage);
    this.done = 0;
    this.asked |= bits;
    if ((this.mapped & bits) !== 0) {
      this.wasIllegal = true;
      return -ERRNO.EEXIST;
    }
    if (this.refusedPage >= firstPage && this.refusedPage < endPage) return this.#refuse(firstPage, granulePages);
    this.mapped |= bits;
    return 0;
  }

  unmapRun(_section: Section, _side: Side, firstPage: number, pageCount: number): Status {
    this.mapped &= ~bitsOf(firstPage, firstPage + pageCount);
    return 0;
  }

  /** The granule with the page is not mapped; those before it are, unless the listener undoes its run. */
  #refuse(firstPage: number, granulePages: number): Status {
    const granule = Math.floor(this.refusedPage / granulePages);
    const firstGranule = Math.floor(firstPage / granulePages);
    this.refusedPage = NONE;
    if (this.#undoesRun || granule === firstGranule) return -ERRNO.ENOMEM;
    this.done = granule - firstGranule;
    this.mapped |= bitsOf(firstPage, granule * granulePages);
    return -ERRNO.ENOMEM;
  }
}
