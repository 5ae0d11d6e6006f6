// SPDX-License-Identifier: MIT
import { ERRNO, type GuestMemory, type Host, type PageRange, type RamBlock, type Side, type Status } from '@sda-lab/guest-memory';
import type { WorldEvent } from './event.ts';

/** The machine as a strategy may act on it; each call is logged with what it answered. */
export function createWorldHost(
  memory: GuestMemory,
  log: (event: WorldEvent) => void,
  exit: (reason: string) => void,
  /** Names of those whose mappings hold a page's frame. */
  pinHolders: (block: RamBlock, page: number) => readonly string[],
): Host {
  const ranged = (kind: 'discard' | 'convert-in-place', range: PageRange, side: Side, act: () => Status): Status => {
    const status = act();
    const { firstPage, endPage, block } = range;
    const page = memory.firstPinnedPage;
    const isPinned = kind === 'convert-in-place' && status === -ERRNO.EAGAIN && page !== -1;
    const pin = isPinned && { pin: { page, holders: pinHolders(block, page) } };
    log({ kind, block: block.name, firstPage, endPage, side, status, ...pin });
    return status;
  };
  return {
    regime: memory.regime,
    get isDiscardDisabled() {
      return memory.coordination.isDisabled;
    },
    setAttributes: (gfns, side) => {
      const status = memory.setAttributes(gfns, side);
      log({ kind: 'attributes', ...gfns, side, status });
      return status;
    },
    convertInPlace: (range, side) =>
      ranged('convert-in-place', range, side, () => memory.convertInPlace(range, side)),
    discard: (range, side) => ranged('discard', range, side, () => memory.discard(range, side)),
    exit,
  };
}
