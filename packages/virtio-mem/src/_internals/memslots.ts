// SPDX-License-Identifier: MIT
import type { PlugSource, Status } from '@sda-lab/guest-memory';
import { pageRange, type BlockRange, type DeviceState } from './device-state.ts';
import type { Memslots } from './memslot-state.ts';

export function memslotBlocks(state: DeviceState, memslots: Memslots, index: number): BlockRange {
  const firstBlock = index * memslots.blocksPerMemslot;
  return { firstBlock, endBlock: Math.min(firstBlock + memslots.blocksPerMemslot, state.blockCount) };
}

/**
 * In QEMU one memory transaction, which KVM and VFIO cannot refuse but by ending the VMM. Here each memslot is a call
 * that may refuse. The strategy hears of the slot afterwards, as KVM's attributes are private from then on.
 */
export function activateMemslots(state: DeviceState, source: PlugSource, range: BlockRange): Status {
  const { memslots } = state;
  if (memslots === undefined) return 0;
  const hasAttributes = state.block.hasGuestMemfd && state.host.regime === 'two-backend';
  for (const index of memslotsOf(memslots, range)) {
    if (memslots.active.test(index)) continue;
    const pages = pageRange(state, memslotBlocks(state, memslots, index));
    const status = memslots.host.activate(index, pages);
    if (status !== 0) return status;
    memslots.active.set(index, index + 1);
    if (hasAttributes) state.events.slotAdded(source, pages);
  }
  return 0;
}

export function emptiedMemslots(state: DeviceState, range: BlockRange): readonly number[] {
  const { memslots, bits } = state;
  if (memslots === undefined) return [];
  return memslotsOf(memslots, range).filter((index) => {
    const { firstBlock, endBlock } = memslotBlocks(state, memslots, index);
    return memslots.active.test(index) && bits.allClear(firstBlock, endBlock);
  });
}

/** Takes away what is empty now, in ascending order as a flat view loses its sections. */
export function deactivateEmptied(state: DeviceState, range: BlockRange): void {
  const { memslots } = state;
  if (memslots === undefined) return;
  for (const index of state.steps.emptiedMemslots(state, range)) {
    memslots.active.clear(index, index + 1);
    memslots.host.deactivate(index, pageRange(state, memslotBlocks(state, memslots, index)));
  }
}

function memslotsOf({ blocksPerMemslot }: Memslots, range: BlockRange): number[] {
  const first = Math.floor(range.firstBlock / blocksPerMemslot);
  const end = Math.ceil(range.endBlock / blocksPerMemslot);
  return Array.from({ length: end - first }, (_, at) => first + at);
}
