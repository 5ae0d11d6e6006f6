// SPDX-License-Identifier: MIT
import { type Section, statusText } from '@sda-lab/guest-memory';
import type { Operation } from '../../history/operation.ts';
import { endOfRun, gfnOf } from '../layout.ts';
import type { Machine } from '../machine.ts';
import type { Answer } from './answer.ts';
import { requestPages } from './request.ts';

type Convert = Extract<Operation, { op: 'convert' }>;

/**
 * One guest request per run of consecutive guest physical addresses; the first refusal ends the operation. A guest
 * knows which memslots it has, and leaves out what it has not.
 */
export function convert(machine: Machine, operation: Convert): Answer {
  const { page, count } = operation;
  const span = machine.layout.spanAt(page);
  if (endOfRun(span, page + count) < page + count) return convertRuns(machine, operation);
  if (!machine.memory.addressSpace.sections.includes(span.section)) return '0';
  const firstGfn = gfnOf(span, page);
  return statusText(requestPages(machine, firstGfn, firstGfn + count, operation.to, operation));
}

/** Pages of several sections. */
function convertRuns(machine: Machine, operation: Convert): Answer {
  const { sections } = machine.memory.addressSpace;
  const isShown = (section: Section): boolean => sections.includes(section);
  const end = operation.page + operation.count;
  for (const part of machine.layout.consecutiveRuns(operation.page, end, isShown)) {
    const firstGfn = gfnOf(machine.layout.spanAt(part.first), part.first);
    // What the guest repeats when it is refused.
    const rest = part.first === operation.page ? operation : { ...operation, page: part.first, count: end - part.first };
    const status = requestPages(machine, firstGfn, firstGfn + part.end - part.first, operation.to, rest);
    if (status !== 0) return statusText(status);
  }
  return '0';
}
