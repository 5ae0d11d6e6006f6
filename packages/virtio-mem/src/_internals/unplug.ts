// SPDX-License-Identifier: MIT
import { assert, type PlugSource } from '@sda-lab/guest-memory';
import { discardRange, pageRange, type BlockRange, type DeviceState } from './device-state.ts';

export function unplug(state: DeviceState, source: PlugSource, range: BlockRange): boolean {
  assert(state.bits.allSet(range.firstBlock, range.endBlock), 'blocks to unplug are plugged');
  const pages = pageRange(state, range);
  if (state.events.willUnplug(source, pages) !== 0) return false;
  if (discardRange(state, pages) !== 0) {
    state.events.unplugAborted(source, pages);
    return false;
  }
  state.events.discarded(source, pages);
  state.bits.clear(range.firstBlock, range.endBlock);
  state.pluggedBlocks -= range.endBlock - range.firstBlock;
  assert(state.pluggedBlocks >= 0, 'no more is unplugged than was plugged');
  state.events.unplugged(source, pages);
  return true;
}
