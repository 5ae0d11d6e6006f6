// SPDX-License-Identifier: MIT
import type { Operation } from '../../history/operation.ts';
import type { Before } from '../../judge/before.ts';
import type { PositionRun } from '../../judge/judge.ts';
import type { Machine } from '../machine.ts';
import type { Answer } from './answer.ts';

/** How a request of the guest ended. */
export interface Ending {
  readonly answer: Answer;
  readonly succeeded: boolean;
  /** The guest was told to try again, so a partial result is one that a retry completes. */
  readonly mayRetry: boolean;
  /** What was so before the request. */
  readonly before: Before;
  /** Pages of parts that were done before another part was refused. @defaultValue none */
  readonly done?: readonly PositionRun[];
  /** No guest that knows its memory map asks for this: repeating it is pointless. @defaultValue false */
  readonly isMalformed?: boolean;
}

/** Ends an operation that a guest asked for: judges a refusal, and remembers it for a retry. */
export function settle(machine: Machine, operation: Operation, ending: Ending): Answer {
  const { answer, succeeded, mayRetry, before, done = [], isMalformed = false } = ending;
  const { judge } = machine;
  // Stopping is the VMM's decision after the fact: what a refusal that stops the VM left behind is latent.
  const stops = !succeeded && !mayRetry && isConversion(operation) && machine.stopsOnRefusal();
  if (stops) judge.isLatent = true;
  if (!succeeded) before.forget(done);
  // What another operation did in between is not this one's to take back.
  if (!succeeded) before.forget(judge.inside);
  const difference = succeeded ? undefined : before.difference();
  machine.forget(before);
  if (!succeeded) judge.witnesses.see('atomic');
  const isPartial = difference !== undefined && mayRetry && judge.undoWasRefused;
  if (difference !== undefined && !isPartial) {
    judge.report('atomic', { reason: 'refused-but-changed', ...difference });
  }
  judge.end(succeeded ? 'succeeded' : isPartial ? 'partial' : 'refused', done);
  const wanted = mayRetry || (isConversion(operation) && !succeeded && !isMalformed);
  if (wanted && !machine.isHealing) machine.retries.push(operation);
  return answer;
}

function isConversion({ op }: Operation): boolean {
  return op === 'convert' || op === 'request';
}
