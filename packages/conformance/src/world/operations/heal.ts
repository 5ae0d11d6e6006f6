// SPDX-License-Identifier: MIT
import type { Operation } from '../../history/operation.ts';
import { addReport } from '../consumers/reports.ts';
import type { Machine } from '../machine.ts';
import { type Answer, NOT_WHILE_MIGRATING } from './answer.ts';
import { isTakenByAnother, SETTLED_SOURCE } from './change-source.ts';

/** NACK and ERROR to a plug retry: a later request of the guest made it pointless, which the device says. */
const DONE = new Set<Answer>(['0', 'ACK', 'NACK', 'ERROR']);

/** Lifts every fault; the guest repeats what was refused, oldest first, and each must succeed now. */
export function heal(machine: Machine, perform: (operation: Operation) => Answer): Answer {
  for (const { kernel } of machine.containers) kernel.faults.heal();
  const retries = machine.retries.splice(0);
  machine.isHealing = true;
  for (const operation of retries) {
    machine.judge.witnesses.see('progress');
    const answer = perform(operation);
    if (DONE.has(answer) || isPointless(machine, operation, answer)) continue;
    if (machine.isMigrating && (answer === 'BUSY' || answer === NOT_WHILE_MIGRATING)) machine.retries.push(operation);
    else if (answer === '-EAGAIN' && isHeldByViommu(machine, operation)) continue;
    else machine.judge.report('progress', { reason: 'retry-refused', detail: answer });
  }
  machine.isHealing = false;
  return retries.length === 0 ? '0' : `0, ${retries.length} retried`;
}

/** In place a page cannot turn private while a device behind a vIOMMU pins it: its guest has to unmap first. */
function isHeldByViommu(machine: Machine, operation: Operation): boolean {
  if (machine.spec.regime !== 'in-place' || !('to' in operation) || operation.to !== 'private') return false;
  const run = operation.op === 'convert' ? { first: operation.page, end: operation.page + operation.count } : undefined;
  for (const { name, kernel, viommu, pins } of machine.containers) {
    if (viommu === undefined || !pins) continue;
    for (const [iovaPage, position] of viommu.mappings) {
      if (run !== undefined && (position < run.first || position >= run.end)) continue;
      const deviceFrame = kernel.translate(iovaPage);
      addReport(machine, { reason: 'held-by-viommu', container: name, iovaPage, position, deviceFrame, backingFrame: deviceFrame });
      return true;
    }
  }
  return false;
}

/** What a later request made pointless: another source has the block, or the memslot is gone that was to be converted. */
function isPointless(machine: Machine, operation: Operation, answer: Answer): boolean {
  if (operation.op === 'convert' || operation.op === 'request') return machine.wasMalformed;
  return SETTLED_SOURCE.has(answer) || isTakenByAnother(machine, operation, answer);
}
