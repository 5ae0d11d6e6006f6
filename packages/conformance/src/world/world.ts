// SPDX-License-Identifier: MIT
/**
 * A world: a machine, and the operations of a history applied to it one after the other.
 *
 * Lifecycle: `new World` -> `apply` per operation -> `finish` (faults lifted, refused requests retried, everything
 * detached, counts back to zero). An operation is never ended by a throw of the strategy: that ends the VMM.
 */
import { ERRNO, type GuestMemory, type Instance, type Strategy } from '@sda-lab/guest-memory';
import type { VirtioMem } from '@sda-lab/virtio-mem';
import type { Operation } from '../history/operation.ts';
import type { Judge } from '../judge/judge.ts';
import { reportAudit } from '../judge/report-audit.ts';
import { reportStaleIovas } from './consumers/reports.ts';
import type { WorldEvent } from './event.ts';
import type { Layout } from './layout.ts';
import { Machine, type MachineOptions } from './machine.ts';
import { dma, read, touch } from './operations/access.ts';
import { type Answer, NO_DEVICE } from './operations/answer.ts';
import { attach, detach } from './operations/attach.ts';
import { balloon } from './operations/balloon.ts';
import { changeSource } from './operations/change-source.ts';
import { convert } from './operations/convert.ts';
import { cpr } from './operations/cpr.ts';
import { heal } from './operations/heal.ts';
import { dump, migrate } from './operations/look.ts';
import { request } from './operations/request.ts';
import { requestPlug } from './operations/request-plug.ts';
import { powerDown } from './operations/power-down.ts';
import { reset } from './operations/reset.ts';
import { viommu } from './operations/viommu.ts';
import type { WorldContainer } from './world-container.ts';
import type { WorldSpec } from './world-spec.ts';

export type { Answer } from './operations/answer.ts';

export class World {
  readonly machine: Machine;

  constructor(spec: WorldSpec, strategy: Strategy, options: MachineOptions = {}) {
    this.machine = new Machine(spec, strategy, options);
  }

  get memory(): GuestMemory {
    return this.machine.memory;
  }

  get layout(): Layout {
    return this.machine.layout;
  }

  get containers(): readonly WorldContainer[] {
    return this.machine.containers;
  }

  get judge(): Judge {
    return this.machine.judge;
  }

  get instance(): Instance {
    return this.machine.instance;
  }

  get devices(): readonly VirtioMem[] {
    return this.machine.devices.filter((device) => device !== undefined);
  }

  get hasEnded(): boolean {
    return this.machine.hasEnded;
  }

  get events(): readonly WorldEvent[] {
    return this.machine.events;
  }

  /** Whether `onRefusal` made a difference so far. */
  get askedOnRefusal(): boolean {
    return this.machine.askedOnRefusal;
  }

  /** Whether some refused conversion stopped the VM. */
  get wasStopped(): boolean {
    return this.machine.wasStopped;
  }

  /** Refused requests that wait for a retry. */
  get pendingCount(): number {
    return this.machine.retries.length;
  }

  /** Performs one operation and lets the judge look at what it did. */
  apply(operation: Operation): Answer {
    this.machine.operationIndex += 1;
    if (this.machine.hasEnded) return 'the guest is gone';
    const answer = this.machine.survive(() => perform(this.machine, operation), 'the VMM died');
    if (!this.machine.hasEnded) reportStaleIovas(this.machine);
    return answer;
  }

  /** The end of a history: nothing may be left of anything. Call once. */
  finish(): void {
    if (this.machine.hasEnded) return;
    this.machine.operationIndex += 1;
    this.machine.survive(() => wrapUp(this.machine), undefined);
  }
}

function perform(machine: Machine, operation: Operation): Answer {
  if (namesAbsent(machine, operation)) return NO_DEVICE;
  switch (operation.op) {
    case 'convert':
      return convert(machine, operation);
    case 'request':
      return request(machine, operation);
    case 'plug':
    case 'unplug':
    case 'unplug-all':
      return requestPlug(machine, operation);
    case 'add-source':
    case 'del-source':
      return changeSource(machine, operation);
    case 'attach':
      return attach(machine, machine.container(operation.container));
    case 'detach':
      return detach(machine, machine.container(operation.container));
    case 'refuse':
      return planRefusal(machine, operation);
    case 'heal':
      return heal(machine, (retried) => perform(machine, retried));
    case 'dma':
      return dma(machine, machine.container(operation.container), operation.page, operation.access);
    case 'touch':
      return touch(machine, operation.page);
    case 'read':
      return read(machine, operation.page);
    case 'balloon':
      return balloon(machine, operation.page, operation.count);
    case 'migrate':
      return migrate(machine, operation);
    case 'dump':
      return dump(machine);
    case 'cpr':
      return cpr(machine, machine.container(operation.container));
    case 'viommu-map':
    case 'viommu-unmap':
      return viommu(machine, operation);
    case 'reset':
      return reset(machine);
  }
}

function planRefusal(machine: Machine, operation: Extract<Operation, { op: 'refuse' }>): Answer {
  const { container, call, k, errno, once } = operation;
  machine.container(container).kernel.faults.refuse(call, k, ERRNO[errno], once);
  return '0';
}

function namesAbsent(machine: Machine, operation: Operation): boolean {
  if (!('page' in operation)) return false;
  if (operation.op === 'dma' && machine.container(operation.container).viommu !== undefined) return false;
  const count = 'count' in operation ? operation.count : 1;
  return machine.isAbsent({ first: operation.page, end: operation.page + count });
}

function wrapUp(machine: Machine): void {
  const { judge, memory, layout, containers } = machine;
  if (machine.isMigrating) migrate(machine, { op: 'migrate', step: 'finish' });
  machine.begin('other', []);
  heal(machine, (retried) => perform(machine, retried));
  reportAudit(judge, memory, layout, containers);
  for (const container of containers) detach(machine, container);
  machine.begin('other', []);
  powerDown(machine);
  const { uncoordinatedDisabled } = memory.coordination;
  if (uncoordinatedDisabled === 0) return;
  judge.report('hotplug', { reason: 'counter-left', detail: `uncoordinatedDisabled=${uncoordinatedDisabled}` });
}
