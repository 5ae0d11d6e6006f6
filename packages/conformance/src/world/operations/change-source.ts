// SPDX-License-Identifier: MIT
import { ERRNO, statusText } from '@sda-lab/guest-memory';
import type { Operation } from '../../history/operation.ts';
import type { Machine } from '../machine.ts';
import { type Answer, NO_DEVICE, NOT_WHILE_MIGRATING } from './answer.ts';
import { settle } from './settle.ts';

type SourceOperation = Extract<Operation, { op: 'add-source' | 'del-source' }>;

/** Repeating the request would change nothing any more: the answers that say so. */
export const SETTLED_SOURCE: ReadonlySet<Answer> = new Set(['joined already', 'not joined']);

/**
 * The VMM makes or unmakes a device's say over its block while consumers follow it. One that comes takes away what it
 * calls unplugged, and the host frees that; when it goes, everything is plugged. A refusal equals a request not made.
 */
export function changeSource(machine: Machine, operation: SourceOperation): Answer {
  const at = Number(operation.device.slice(1));
  const device = machine.devices[at];
  const { sources, judge } = machine;
  if (sources === undefined || device === undefined) return NO_DEVICE;
  // Devices neither come nor go while a migration runs (QEMU 10.2.2 system/qdev-monitor.c).
  if (machine.isMigrating) return NOT_WHILE_MIGRATING;
  const isComing = operation.op === 'add-source';
  if (sources.hasJoined(at) === isComing) return isComing ? 'joined already' : 'not joined';
  const before = machine.beginRequest('plug', [sources.positionsOf(at)]);
  const status = isComing ? sources.join(device, at) : sources.leave(device, at);
  if (status === 0) sources.announce(at);
  // A source that comes frees what it calls unplugged; one that could not go frees what mapping filled again, as the
  // device does after a refused plug.
  if (isComing === (status === 0)) sources.freeUnplugged(device, at);
  // A design that takes one source only has said its last word; a refused call may be made again.
  const mayRetry = status !== 0 && judge.someCallWasRefused;
  return settle(machine, operation, { answer: statusText(status), succeeded: status === 0, mayRetry, before });
}

/** Whether a retry that is refused was made pointless by what came in between: another source has the block now. */
export function isTakenByAnother({ devices, sources }: Machine, operation: Operation, answer: Answer): boolean {
  if (operation.op !== 'add-source' || answer !== statusText(-ERRNO.EBUSY)) return false;
  const at = Number(operation.device.slice(1));
  return devices[at] !== undefined && sources!.isTaken(at);
}
