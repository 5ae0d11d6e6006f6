// SPDX-License-Identifier: MIT
import type { PlugSource } from '@sda-lab/guest-memory';
import type { Answer, BlockState, GuestRequest, GuestResponse, RangeRequest } from '../protocol.ts';
import type { DeviceSteps } from '../steps.ts';
import { findBlocks } from './find-blocks.ts';
import { shrinkUsable, type BlockRange, type DeviceState } from './device-state.ts';

/** QEMU's check order: a valid range, the requested size, the opposite state, a running migration, then the steps. */
export function answer(
  state: DeviceState,
  source: PlugSource,
  steps: DeviceSteps,
  request: GuestRequest,
): GuestResponse {
  if (request.type === 'UNPLUG_ALL') return { answer: answerUnplugAll(state, source, steps) };
  const range = findBlocks(state, request);
  if (range === undefined) return { answer: 'ERROR' };
  if (request.type === 'STATE') return { answer: 'ACK', state: blockState(state, range) };
  return { answer: answerChange(state, source, steps, request.type, range) };
}

function answerChange(
  state: DeviceState,
  source: PlugSource,
  steps: DeviceSteps,
  type: Exclude<RangeRequest['type'], 'STATE'>,
  range: BlockRange,
): Answer {
  const count = range.endBlock - range.firstBlock;
  if (type === 'PLUG' && state.pluggedBlocks + count > state.requestedBlocks) return 'NACK';
  if (blockState(state, range) !== (type === 'PLUG' ? 'UNPLUGGED' : 'PLUGGED')) return 'ERROR';
  if (state.isMigrating()) return 'BUSY';
  const done = type === 'PLUG' ? steps.plug(state, source, range) : steps.unplug(state, source, range);
  return done ? 'ACK' : 'BUSY';
}

/** With nothing plugged there is nothing to be busy with: the usable region shrinks even while migrating. */
function answerUnplugAll(state: DeviceState, source: PlugSource, steps: DeviceSteps): Answer {
  if (state.pluggedBlocks > 0) {
    if (state.isMigrating()) return 'BUSY';
    if (!steps.unplugAll(state, source)) return 'BUSY';
  }
  shrinkUsable(state);
  return 'ACK';
}

function blockState(state: DeviceState, range: BlockRange): BlockState {
  if (state.bits.allSet(range.firstBlock, range.endBlock)) return 'PLUGGED';
  return state.bits.allClear(range.firstBlock, range.endBlock) ? 'UNPLUGGED' : 'MIXED';
}
