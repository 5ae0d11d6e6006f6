// SPDX-License-Identifier: MIT
import { assert, type PlugSource } from '@sda-lab/guest-memory';
import type { BlockRange, DeviceState } from './device-state.ts';
import { deactivateEmptied } from './memslots.ts';

export function unplug(state: DeviceState, source: PlugSource, range: BlockRange): boolean {
  assert(state.bits.allSet(range.firstBlock, range.endBlock), 'blocks to unplug are plugged');
  const { steps } = state;
  if (steps.ask(state, source, 'willUnplug', range) !== 0) return false;
  if (steps.discard(state, range) !== 0) {
    steps.tell(state, source, 'unplugAborted', range);
    return false;
  }
  steps.tell(state, source, 'discarded', range);
  steps.mark(state, range, false);
  steps.resize(state, state.pluggedBlocks - (range.endBlock - range.firstBlock));
  assert(state.pluggedBlocks >= 0, 'no more is unplugged than was plugged');
  steps.tell(state, source, 'unplugged', range);
  deactivateEmptied(state, range);
  return true;
}
