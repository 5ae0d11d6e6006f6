// SPDX-License-Identifier: MIT
import type { GuestMemory, Host, PageRange, Side, Status } from '@sda-lab/guest-memory';
import type { WorldEvent } from './event.ts';

/** The machine as a strategy may act on it; each call is logged with what it answered. */
export function createWorldHost(
  memory: GuestMemory,
  log: (event: WorldEvent) => void,
  exit: (reason: string) => void,
): Host {
  const ranged = (kind: 'discard' | 'convert-in-place', range: PageRange, side: Side, act: () => Status): Status => {
    const status = act();
    const { firstPage, endPage, block } = range;
    log({ kind, block: block.name, firstPage, endPage, side, status });
    return status;
  };
  return {
    regime: memory.regime,
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
