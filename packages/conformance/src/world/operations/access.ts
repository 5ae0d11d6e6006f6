// SPDX-License-Identifier: MIT
import type { Machine } from '../machine.ts';
import type { WorldContainer } from '../world-container.ts';
import type { Answer } from './answer.ts';

export function dma(machine: Machine, container: WorldContainer, page: number, access: 'read' | 'write'): Answer {
  return container.attached ? look(machine, () => machine.accesses.dma(container, page, access)) : 'not attached';
}

/** The guest writes a fresh value to a page, on the side it uses. */
export function touch(machine: Machine, page: number): Answer {
  return machine.judge.isPlugged(page) ? look(machine, () => machine.accesses.touch(page)) : 'unplugged';
}

function look(machine: Machine, access: () => Answer): Answer {
  machine.begin('other', []);
  const answer = access();
  machine.judge.end('succeeded');
  return answer;
}
