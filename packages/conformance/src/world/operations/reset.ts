// SPDX-License-Identifier: MIT
import { type RamBlock, statusText } from '@sda-lab/guest-memory';
import type { Machine } from '../machine.ts';
import type { Answer } from './answer.ts';
import { loseDevice } from './attach.ts';
import { settle } from './settle.ts';

/** QEMU <= 10.2 shuts a confidential guest down; later versions rebuild the VM, all private. */
export function reset(machine: Machine): Answer {
  return machine.strategy.capabilities.reset === 'shutdown' ? shutDown(machine) : rebuild(machine);
}

function shutDown(machine: Machine): Answer {
  for (const container of machine.containers) if (container.attached) loseDevice(machine, container);
  machine.hasEnded = true;
  return 'shutdown';
}

function rebuild(machine: Machine): Answer {
  const { judge, layout, memory, containers } = machine;
  // A vIOMMU is a device: it forgets what the guest mapped.
  for (const { viommu } of containers) viommu?.unmapAll(machine);
  // The trust a TDISP device was given ends with the guest that gave it; it has to be attached anew.
  for (const container of containers) if (container.attached && container.tdisp !== undefined) loseDevice(machine, container);
  const before = machine.beginRequest('convert', [{ first: 0, end: layout.positionCount }]);
  const status = machine.instance.reset();
  if (status !== 0) {
    return settle(machine, { op: 'reset' }, { answer: statusText(status), succeeded: false, mayRetry: true, before });
  }
  machine.forget(before);
  for (const block of memory.blocks) if (block.hasGuestMemfd) rebuildBlock(machine, block);
  machine.restart();
  judge.end('succeeded');
  resetDevices(machine);
  return '0';
}

/** A device with nothing plugged touches nothing, and finishes nothing that an earlier request left half done. */
function resetDevices(machine: Machine): void {
  const { devices, sources, judge } = machine;
  const busy = [...devices.keys()].filter((at) => (devices[at]?.pluggedPages ?? 0) > 0);
  machine.begin('plug', busy.map((at) => sources!.positionsOf(at)));
  for (const device of devices) device?.systemReset();
  judge.end('succeeded');
}

function rebuildBlock(machine: Machine, block: RamBlock): void {
  machine.memory.rebuild(block);
  machine.log({ kind: 'rebuild', block: block.name });
  machine.preemption?.atEvent();
}
