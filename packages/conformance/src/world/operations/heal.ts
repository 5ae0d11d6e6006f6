// SPDX-License-Identifier: MIT
import type { Operation } from '../../history/operation.ts';
import type { Machine } from '../machine.ts';
import type { Answer } from './answer.ts';

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
    if (DONE.has(answer)) continue;
    if (answer === 'BUSY' && machine.isMigrating) machine.retries.push(operation);
    else machine.judge.report('progress', { reason: 'retry-refused', detail: answer });
  }
  machine.isHealing = false;
  return retries.length === 0 ? '0' : `0, ${retries.length} retried`;
}
