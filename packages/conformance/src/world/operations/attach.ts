// SPDX-License-Identifier: MIT
import { statusText } from '@sda-lab/guest-memory';
import { findLateDifference } from '../../judge/late-attach.ts';
import { subscribingDevice } from '../consumers/tdisp-device.ts';
import type { Machine } from '../machine.ts';
import type { WorldContainer } from '../world-container.ts';
import { type Answer, NOT_WHILE_MIGRATING } from './answer.ts';

/** A device comes: everything shared already must be mapped, or nothing must be left of it. */
export function attach(machine: Machine, container: WorldContainer): Answer {
  if (container.attached) return 'attached already';
  if (machine.isMigrating) return NOT_WHILE_MIGRATING;
  return container.viommu === undefined ? attachToMemory(machine, container) : attachToViommu(machine, container);
}

function attachToMemory(machine: Machine, container: WorldContainer): Answer {
  const { judge, layout, memory } = machine;
  machine.begin('other', []);
  if (layout.spans.some((span) => !span.isRom && judge.hasDue(span))) judge.witnesses.see('hotplug');
  judge.witnesses.see('coordinated');
  if (container.listener.smallestPages > 1) judge.witnesses.see('consumer iommu-page');
  if (assertsFineGranule(machine, container)) return 'the VMM is gone';
  const { instance } = machine;
  const tells = container.tdisp === undefined ? instance : subscribingDevice(instance, container.tdisp);
  const status = container.listener.attach(memory.addressSpace, tells, memory.coordination);
  if (machine.hasEnded) return 'the VMM is gone';
  if (status !== 0) {
    checkNothingLeft(machine, container);
    judge.end('refused');
    return statusText(status);
  }
  setAttached(container, true);
  judge.touchEverything();
  judge.end('succeeded');
  const difference = findLateDifference(judge, layout, machine.containers, container);
  if (difference !== undefined) judge.report('hotplug', difference);
  return '0';
}

/** Behind a vIOMMU nothing is mapped until the guest maps it; discarding is disabled all the same. */
function attachToViommu(machine: Machine, container: WorldContainer): Answer {
  machine.begin('other', []);
  machine.judge.witnesses.see('coordinated');
  const status = machine.memory.coordination.uncoordinatedDisable(true);
  container.attached = status === 0;
  machine.judge.end(status === 0 ? 'succeeded' : 'refused');
  return statusText(status);
}

/** QEMU's listener takes for granted that a manager's granule is no finer than the smallest IOMMU page. */
function assertsFineGranule(machine: Machine, container: WorldContainer): boolean {
  const { strategy, layout } = machine;
  const isFiner = container.listener.smallestPages > 1 && layout.spans.some(({ section }) => section.block.hasGuestMemfd);
  if (!isFiner || strategy.listener.fineGranule !== 'assert') return false;
  machine.exit('assertion failed: granularity >= smallest IOMMU page (hw/vfio/listener.c)');
  return true;
}

export function detach(machine: Machine, container: WorldContainer): Answer {
  if (!container.attached) return 'not attached';
  return machine.isMigrating ? NOT_WHILE_MIGRATING : loseDevice(machine, container);
}

/** The device goes, whoever wants it. */
export function loseDevice(machine: Machine, container: WorldContainer): Answer {
  machine.begin('other', []);
  if (container.viommu === undefined) unregister(machine, container);
  else {
    container.viommu.unmapAll(machine);
    machine.memory.coordination.uncoordinatedDisable(false);
  }
  setAttached(container, false);
  checkNothingLeft(machine, container);
  machine.judge.end('succeeded');
  return '0';
}

/** QEMU lets the device go before it unregisters the listener (10.2.2 hw/vfio), so nobody accesses what is mapped still. */
function unregister({ memory }: Machine, container: WorldContainer): void {
  container.isLeaving = true;
  try {
    container.listener.detach(memory.coordination);
  } finally {
    container.isLeaving = false;
  }
}

function setAttached(container: WorldContainer, isAttached: boolean): void {
  container.attached = isAttached;
  if (container.tdisp !== undefined) container.tdisp.isAttached = isAttached;
}

/** QEMU closes the container after its listener is gone; what the kernel then still held is what was forgotten. */
function checkNothingLeft({ judge, containers }: Machine, container: WorldContainer): void {
  const { kernel, name } = container;
  const left = kernel.mappingCount;
  // Behind a vIOMMU there is no listener that could forget one.
  if (left > 0 && container.viommu === undefined && !judge.unmapWasInjected) {
    judge.report('hotplug', { reason: 'left-behind', container: name, detail: `${left} mapping(s)` });
  }
  if (left > 0) kernel.unmapAll();
  container.viommu?.mappings.clear();
  if (container.viommu === undefined) judge.reread(containers.indexOf(container));
}
