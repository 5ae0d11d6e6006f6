// SPDX-License-Identifier: MIT
import type { PlugSource } from '@sda-lab/guest-memory';
import type { Answer, BlockState, GuestRequest, GuestResponse } from '../protocol.ts';
import { shrinkUsable, type BlockRange, type DeviceState } from './device-state.ts';

/** QEMU's check order: a valid range, then what `refusal` asks, then the steps. */
export function answer(state: DeviceState, source: PlugSource, request: GuestRequest): GuestResponse {
  if (request.type === 'UNPLUG_ALL') return { answer: answerUnplugAll(state, source) };
  const { steps } = state;
  const range = steps.findBlocks(state, request);
  if (range === undefined) return { answer: 'ERROR' };
  if (request.type === 'STATE') return { answer: 'ACK', state: blockState(state, range) };
  return { answer: answerBlocks(state, source, request.type, range) };
}

/** A change of blocks that the device has. */
export function answerBlocks(state: DeviceState, source: PlugSource, type: 'PLUG' | 'UNPLUG', range: BlockRange): Answer {
  const { steps } = state;
  const refused = steps.refusal(state, type, range);
  if (refused !== undefined) return refused;
  const done = type === 'PLUG' ? steps.plug(state, source, range) : steps.unplug(state, source, range);
  return done ? 'ACK' : 'BUSY';
}

/** The requested size, the opposite state, a running migration. */
export function refusal(state: DeviceState, type: 'PLUG' | 'UNPLUG', range: BlockRange): Answer | undefined {
  const count = range.endBlock - range.firstBlock;
  if (type === 'PLUG' && state.pluggedBlocks + count > state.requestedBlocks) return 'NACK';
  if (blockState(state, range) !== (type === 'PLUG' ? 'UNPLUGGED' : 'PLUGGED')) return 'ERROR';
  return state.isMigrating() ? 'BUSY' : undefined;
}

/** With nothing plugged there is nothing to be busy with: the usable region shrinks even while migrating. */
export function answerUnplugAll(state: DeviceState, source: PlugSource): Answer {
  if (state.pluggedBlocks > 0) {
    if (state.isMigrating()) return 'BUSY';
    if (!state.steps.unplugAll(state, source)) return 'BUSY';
  }
  shrinkUsable(state);
  return 'ACK';
}

function blockState(state: DeviceState, range: BlockRange): BlockState {
  if (state.bits.allSet(range.firstBlock, range.endBlock)) return 'PLUGGED';
  return state.bits.allClear(range.firstBlock, range.endBlock) ? 'UNPLUGGED' : 'MIXED';
}
