// SPDX-License-Identifier: MIT
import { guestMemfdHostPage, type Section } from '@sda-lab/guest-memory';

/** IOVA pages in which mappings are expected, and the host pages expected behind them. */
export interface PageWindow {
  readonly iovaPage: number;
  readonly pageCount: number;
  /** Process page behind `iovaPage`. */
  readonly hostPage: number;
  /** The same for mappings of the private side (by file; hypothetical). @defaultValue none is expected */
  readonly privateHostPage?: number;
}

/** The window of a section whose pages are mapped at their guest addresses, on either side. */
export function windowOf({ block, firstPage, pageCount, firstGfn }: Section): PageWindow {
  return {
    iovaPage: firstGfn,
    pageCount,
    hostPage: block.hostFirstPage + firstPage,
    ...(block.hasGuestMemfd && { privateHostPage: guestMemfdHostPage(block, firstPage) }),
  };
}
