// SPDX-License-Identifier: MIT
/** One operation of a history on a machine; what it does is in operations/. */
import { ERRNO } from '@sda-lab/guest-memory';
import type { Operation } from '../history/operation.ts';
import type { Machine } from './machine.ts';
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
import { reset } from './operations/reset.ts';
import { viommu } from './operations/viommu.ts';

export function perform(machine: Machine, operation: Operation): Answer {
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
      return healAll(machine);
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
    case 'at':
      return 'nothing to run inside';
  }
}

function healAll(machine: Machine): Answer {
  return heal(machine, (retried) => perform(machine, retried));
}

function planRefusal(machine: Machine, operation: Extract<Operation, { op: 'refuse' }>): Answer {
  const { container, call, k, errno, once } = operation;
  machine.container(container).kernel.faults.refuse(call, k, ERRNO[errno], once);
  return '0';
}

function namesAbsent(machine: Machine, operation: Operation): boolean {
  if (machine.absent.length === 0 || !('page' in operation)) return false;
  if (operation.op === 'dma' && machine.container(operation.container).viommu !== undefined) return false;
  const count = 'count' in operation ? operation.count : 1;
  return machine.isAbsent({ first: operation.page, end: operation.page + count });
}
