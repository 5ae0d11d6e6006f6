// SPDX-License-Identifier: MIT
import { type RamBlock, statusText } from '@sda-lab/guest-memory';
import { positionsOf } from '../layout.ts';
import type { Machine } from '../machine.ts';
import type { Answer } from './answer.ts';
import { detach } from './attach.ts';
import { settle } from './settle.ts';

/** QEMU <= 10.2 shuts a confidential guest down; later versions rebuild the VM, all private. */
export function reset(machine: Machine): Answer {
  return machine.strategy.capabilities.reset === 'shutdown' ? shutDown(machine) : rebuild(machine);
}

function shutDown(machine: Machine): Answer {
  for (const container of machine.containers) if (container.attached) detach(machine, container);
  machine.hasEnded = true;
  return 'shutdown';
}

function rebuild(machine: Machine): Answer {
  const { judge, layout, memory } = machine;
  const before = machine.begin('convert', [{ first: 0, end: layout.positionCount }]);
  const status = machine.instance.reset();
  if (status !== 0) {
    return settle(machine, { op: 'reset' }, { answer: statusText(status), succeeded: false, mayRetry: true, before });
  }
  for (const block of memory.blocks) if (block.hasGuestMemfd) rebuildBlock(machine, block);
  judge.forgetPending();
  machine.retries.length = 0;
  judge.end('succeeded');
  machine.begin('plug', layout.spans.filter(({ deviceIndex }) => deviceIndex !== -1).map(positionsOf));
  for (const device of machine.devices) device.systemReset();
  judge.end('succeeded');
  return '0';
}

function rebuildBlock(machine: Machine, block: RamBlock): void {
  machine.memory.rebuild(block);
  machine.log({ kind: 'rebuild', block: block.name });
}
