// SPDX-License-Identifier: MIT
import { PAGE_BYTES, statusText } from '@sda-lab/guest-memory';
import type { Operation } from '../../history/operation.ts';
import { gfnOf } from '../layout.ts';
import type { Machine } from '../machine.ts';
import type { Answer } from './answer.ts';
import { requestConversion } from './request.ts';

/**
 * One guest request per run of consecutive guest physical addresses; the first refusal ends the operation. A guest
 * knows which memslots it has, and leaves out what it has not.
 */
export function convert(machine: Machine, operation: Extract<Operation, { op: 'convert' }>): Answer {
  const end = operation.page + operation.count;
  const { sections } = machine.memory.addressSpace;
  for (const part of machine.layout.consecutiveRuns({ first: operation.page, end }, (section) => sections.includes(section))) {
    const firstGfn = gfnOf(machine.layout.spanAt(part.first), part.first);
    const bytes = {
      startBytes: BigInt(firstGfn) * BigInt(PAGE_BYTES),
      sizeBytes: BigInt(part.end - part.first) * BigInt(PAGE_BYTES),
    };
    const rest = { ...operation, page: part.first, count: end - part.first };
    const status = requestConversion(machine, bytes, operation.to, rest);
    if (status !== 0) return statusText(status);
  }
  return '0';
}
