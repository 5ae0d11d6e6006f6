// SPDX-License-Identifier: MIT
import type { Operation } from '../../history/operation.ts';
import type { PositionRun } from '../../judge/judge.ts';
import type { Machine } from '../machine.ts';
import { type Answer, NO_DEVICE } from './answer.ts';
import { settle } from './settle.ts';

type PlugOperation = Extract<Operation, { op: 'plug' | 'unplug' | 'unplug-all' }>;

/** One request of the guest's virtio-mem driver. */
export function requestPlug(machine: Machine, operation: PlugOperation): Answer {
  const at = Number(operation.device.slice(1));
  const device = machine.devices[at];
  if (device === undefined) return NO_DEVICE;
  const before = machine.beginRequest('plug', [blocksOf(machine, operation, at)]);
  machine.limitReached = false;
  const answer =
    operation.op === 'unplug-all' ? device.unplugAll() : device[operation.op](operation.block, operation.count);
  // A limit is nothing that passes: the guest may ask again, and nobody owes it another answer.
  const mayRetry = answer === 'BUSY' && !machine.isMigrating && !machine.limitReached;
  return settle(machine, operation, { answer, succeeded: answer === 'ACK', mayRetry, before });
}

/** The positions of a plug request, as far as the device has them. */
function blocksOf({ devices, sources, spec }: Machine, operation: PlugOperation, at: number): PositionRun {
  const { first: firstPosition, end: last } = sources!.positionsOf(at);
  // With nothing plugged the device acknowledges an unplug-all by itself and touches nothing.
  const isIdle = operation.op === 'unplug-all' && devices[at]!.pluggedPages === 0;
  if (operation.op === 'unplug-all') return { first: isIdle ? last : firstPosition, end: last };
  const { blockPages } = spec.vmem[at]!;
  const first = Math.min(firstPosition + operation.block * blockPages, last);
  return { first, end: Math.min(first + operation.count * blockPages, last) };
}
