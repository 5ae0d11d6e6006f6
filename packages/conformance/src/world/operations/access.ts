// SPDX-License-Identifier: MIT
import { gfnOf } from '../layout.ts';
import type { Machine } from '../machine.ts';
import type { WorldContainer } from '../world-container.ts';
import type { Answer } from './answer.ts';

/** Behind a vIOMMU the device names an IOVA page, otherwise a page of the guest. */
export function dma(machine: Machine, container: WorldContainer, page: number, access: 'read' | 'write'): Answer {
  if (!container.attached) return 'not attached';
  const { accesses, layout, migration } = machine;
  const isGuestPage = container.viommu === undefined;
  const answer = look(machine, () =>
    isGuestPage ? accesses.dma(container, page, access) : accesses.dmaAt(container, page, page, access),
  );
  const isWritten = access === 'write' && answer.startsWith('0');
  if (isWritten) migration.noteDeviceWrite(container.name, isGuestPage ? gfnOf(layout.spanAt(page), page) : page);
  return answer;
}

/** The guest writes a fresh value to a page, on the side it uses. */
export function touch(machine: Machine, page: number): Answer {
  if (!machine.judge.isPlugged(page)) return 'unplugged';
  machine.migration.noteWritten(page);
  return look(machine, () => machine.accesses.touch(page));
}

export function read(machine: Machine, page: number): Answer {
  return machine.judge.isPlugged(page) ? look(machine, () => machine.accesses.read(page)) : 'unplugged';
}

function look(machine: Machine, access: () => Answer): Answer {
  machine.begin('other', []);
  const answer = access();
  machine.judge.end('succeeded');
  return answer;
}
