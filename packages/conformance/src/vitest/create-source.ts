// SPDX-License-Identifier: MIT
import type { PlugSource } from '@sda-lab/guest-memory';

/** A plug source without a device behind it. */
export function createSource(granulePages: number, pluggedPages: ReadonlySet<number>): PlugSource {
  return {
    name: 'm9',
    granulePages,
    isPlugged: (firstPage, endPage) => {
      for (let page = firstPage; page < endPage; page += 1) if (!pluggedPages.has(page)) return false;
      return true;
    },
  };
}
