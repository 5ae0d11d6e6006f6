// SPDX-License-Identifier: MIT
import { assert, type PlugSource } from '@sda-lab/guest-memory';
import { discardRange, pageRange, type DeviceState } from './device-state.ts';

/** Everything at once, unplugged blocks included: QEMU discards the whole backend and tells of the whole region. */
export function unplugAll(state: DeviceState, source: PlugSource): boolean {
  assert(state.pluggedBlocks > 0, 'unplug-all has something to unplug');
  const pages = pageRange(state, { firstBlock: 0, endBlock: state.blockCount });
  if (state.events.willUnplugAll(source, pages) !== 0) return false;
  if (discardRange(state, pages) !== 0) {
    state.events.unplugAborted(source, pages);
    return false;
  }
  state.events.discardedAll(source, pages);
  state.bits.clear(0, state.blockCount);
  state.pluggedBlocks = 0;
  state.events.unplugged(source, pages);
  return true;
}
