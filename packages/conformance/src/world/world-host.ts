// SPDX-License-Identifier: MIT
import { type CostMeter, ERRNO, type GuestMemory, type Host, type PageRange, type RamBlock, type Side, type Status } from '@sda-lab/guest-memory';
import type { EventLog } from './event.ts';
import type { DesignLocks } from './locks.ts';

/** What of a machine a host stands for. */
export interface HostMachine extends EventLog {
  readonly memory: GuestMemory;
  readonly locks: DesignLocks;
  readonly meter: CostMeter | undefined;
  readonly preemption: { atEvent(): void } | undefined;
  exit(reason: string): void;
}

/** The machine as a strategy may act on it; each call is an event, logged with what it answered. */
export function createWorldHost(
  machine: HostMachine,
  /** Names of those whose mappings hold a page's frame. */
  pinHolders: (block: RamBlock, page: number) => readonly string[],
): Host {
  const { memory, locks } = machine;
  const told = (kind: 'discard' | 'convert-in-place', range: PageRange, side: Side, status: Status): Status => {
    if (machine.keepsEvents) machine.log({ kind, ...rangeOf(range), side, status, ...pinOf(kind, range, status) });
    else machine.pass();
    machine.preemption?.atEvent();
    return status;
  };
  const pinOf = (kind: 'discard' | 'convert-in-place', { block }: PageRange, status: Status): object => {
    const page = memory.firstPinnedPage;
    const isPinned = kind === 'convert-in-place' && status === -ERRNO.EAGAIN && page !== -1;
    return isPinned ? { pin: { page, holders: pinHolders(block, page) } } : {};
  };
  return {
    regime: memory.regime,
    meter: machine.meter,
    get isDiscardDisabled() {
      return memory.coordination.isDisabled;
    },
    setAttributes: (gfns, side) => {
      const status = memory.setAttributes(gfns, side);
      if (machine.keepsEvents) machine.log({ kind: 'attributes', ...gfns, side, status });
      else machine.pass();
      machine.preemption?.atEvent();
      return status;
    },
    convertInPlace: (range, side) => told('convert-in-place', range, side, memory.convertInPlace(range, side)),
    discard: (range, side) => told('discard', range, side, memory.discard(range, side)),
    lock: (lock) => locks.lock(lock),
    unlock: (lock) => locks.unlock(lock),
    exit: (reason) => machine.exit(reason),
  };
}

function rangeOf({ block, firstPage, endPage }: PageRange): { block: string; firstPage: number; endPage: number } {
  return { block: block.name, firstPage, endPage };
}
