// SPDX-License-Identifier: MIT
import { assert, type PlugSource } from '@sda-lab/guest-memory';
import type { BlockRange, DeviceState } from './device-state.ts';
import { deactivateEmptied } from './memslots.ts';

export function plug(state: DeviceState, source: PlugSource, range: BlockRange): boolean {
  assert(state.bits.allClear(range.firstBlock, range.endBlock), 'blocks to plug are unplugged');
  const { steps } = state;
  const isReady = steps.prealloc(state, range) === 0 && steps.activate(state, source, range) === 0;
  if (!isReady || steps.ask(state, source, 'willPlug', range) !== 0) {
    if (isReady) steps.tell(state, source, 'plugAborted', range);
    steps.takeBackPlug(state, range);
    return false;
  }
  steps.mark(state, range, true);
  steps.resize(state, state.pluggedBlocks + range.endBlock - range.firstBlock);
  assert(state.pluggedBlocks <= state.requestedBlocks, 'no more is plugged than the host asked for');
  steps.tell(state, source, 'plugged', range);
  return true;
}

/**
 * Prealloc, or a device that was told of the range before another one refused, may have filled it. QEMU ignores the
 * discard's result here too: the guest is told BUSY either way.
 */
export function takeBackPlug(state: DeviceState, range: BlockRange): void {
  deactivateEmptied(state, range);
  state.steps.discard(state, range);
}
