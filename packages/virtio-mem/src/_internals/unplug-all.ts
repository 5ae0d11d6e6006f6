// SPDX-License-Identifier: MIT
import { assert, type PlugSource } from '@sda-lab/guest-memory';
import type { ResetKind } from '../steps.ts';
import { answerUnplugAll } from './answer.ts';
import { allBlocks, type DeviceState } from './device-state.ts';
import { deactivateEmptied } from './memslots.ts';

/** Everything at once, unplugged blocks included: QEMU discards the whole backend and tells of the whole region. */
export function unplugAll(state: DeviceState, source: PlugSource): boolean {
  assert(state.pluggedBlocks > 0, 'unplug-all has something to unplug');
  const { steps } = state;
  const range = allBlocks(state);
  if (steps.ask(state, source, 'willUnplugAll', range) !== 0) return false;
  if (steps.discard(state, range) !== 0) {
    steps.tell(state, source, 'unplugAborted', range);
    return false;
  }
  steps.tell(state, source, 'discardedAll', range);
  steps.mark(state, range, false);
  steps.resize(state, 0);
  steps.tell(state, source, 'unplugged', range);
  deactivateEmptied(state, range);
  return true;
}

/** QEMU ignores the result: when it is BUSY, or its RAM cannot be discarded, the memory stays plugged over a reset. */
export function resetSystem(state: DeviceState, source: PlugSource, kind: ResetKind): void {
  if (kind === 'cold') answerUnplugAll(state, source);
}
