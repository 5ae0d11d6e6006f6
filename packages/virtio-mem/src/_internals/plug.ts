// SPDX-License-Identifier: MIT
import { assert, type PlugSource } from '@sda-lab/guest-memory';
import { discardRange, pageRange, type BlockRange, type DeviceState } from './device-state.ts';

export function plug(state: DeviceState, source: PlugSource, range: BlockRange): boolean {
  assert(state.bits.allClear(range.firstBlock, range.endBlock), 'blocks to plug are unplugged');
  const pages = pageRange(state, range);
  if (state.events.willPlug(source, pages) !== 0) {
    state.events.plugAborted(source, pages);
    // A device that was told of the range before another one refused may have filled it by pinning. QEMU ignores
    // the result here too: the guest is told BUSY either way.
    discardRange(state, pages);
    return false;
  }
  state.bits.set(range.firstBlock, range.endBlock);
  state.pluggedBlocks += range.endBlock - range.firstBlock;
  assert(state.pluggedBlocks <= state.requestedBlocks, 'no more is plugged than the host asked for');
  state.events.plugged(source, pages);
  return true;
}
