// SPDX-License-Identifier: MIT
import { statusText } from '@sda-lab/guest-memory';
import { findLateDifference } from '../../judge/late-attach.ts';
import type { Machine } from '../machine.ts';
import type { WorldContainer } from '../world-container.ts';
import type { Answer } from './answer.ts';

/** A device comes: everything shared already must be mapped, or nothing must be left of it. */
export function attach(machine: Machine, container: WorldContainer): Answer {
  if (container.attached) return 'attached already';
  const { judge, layout, memory } = machine;
  machine.begin('other', []);
  if (layout.spans.some((span) => !span.isRom && judge.hasDue(span))) judge.witnesses.see('hotplug');
  judge.witnesses.see('coordinated');
  const status = container.listener.attach(memory.addressSpace, machine.instance, memory.coordination);
  if (machine.hasEnded) return 'the VMM is gone';
  if (status !== 0) {
    checkNothingLeft(machine, container);
    judge.end('refused');
    return statusText(status);
  }
  container.attached = true;
  judge.touchEverything();
  judge.end('succeeded');
  const difference = findLateDifference(judge, layout, machine.containers, container);
  if (difference !== undefined) judge.report('hotplug', difference);
  return '0';
}

export function detach(machine: Machine, container: WorldContainer): Answer {
  if (!container.attached) return 'not attached';
  machine.begin('other', []);
  container.listener.detach(machine.memory.coordination);
  container.attached = false;
  checkNothingLeft(machine, container);
  machine.judge.end('succeeded');
  return '0';
}

/** QEMU closes the container after its listener is gone; what the kernel then still held is what was forgotten. */
function checkNothingLeft({ judge, containers }: Machine, container: WorldContainer): void {
  const { kernel, name } = container;
  const left = kernel.mappingCount;
  if (left > 0 && kernel.faults.passes('unmap') > 0) {
    judge.report('hotplug', { reason: 'left-behind', container: name, detail: `${left} mapping(s)` });
  }
  if (left > 0) kernel.unmapAll();
  judge.reread(containers.indexOf(container));
}
