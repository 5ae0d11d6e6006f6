// SPDX-License-Identifier: MIT
/**
 * One operation run inside another: a preemption at a primitive event of the outer one, one deep (nested, bound 1).
 *
 * The outer operation goes until so many of its events are over and nobody is inside a call; then the inner one runs
 * from its beginning to its end, and the outer one goes on. Events are counted as the log has them, one entry each,
 * populated frames too: a frame that a map call makes is inside that call, so the inner operation comes after the call.
 * Between two events a design's own code is one step: what it does there comes after the inner operation.
 *
 * An inner operation that asks for a lock which the outer one has waits. Where nothing of it has happened, it is ended
 * as if it had not begun and runs when the outer one is over, which is one of the two orders. Where something has, the
 * state between is one that this single thread cannot reach, so the world is undecided from there on: nobody may call
 * that a success.
 *
 * Lifecycle: `runNested` arms the machine -> outer operation -> its event -> inner operation, with the judge, the
 * listeners and the design's locks told that it is another one -> outer operation goes on -> disarmed. Works on a
 * machine of any age. Without it, an event costs the machine one comparison.
 * Source: docs/histories.md (`at`); which pairs may be is locks.ts. Not covered: more than one preemption, preemption
 * inside a call, whether the result equals one of the two orders (the search compares).
 */
import type { Operation } from '../history/operation.ts';
import { findLateDifference } from '../judge/late-attach.ts';
import { thrownText } from './guard/shown.ts';
import { LockWait, whyNotInside } from './locks.ts';
import type { Machine } from './machine.ts';
import type { Answer } from './operations/answer.ts';
import { perform } from './perform.ts';

/**
 * `inside`: it ran at the event. `after`: it waited for a lock and ran when the outer one was over. `blocked`: it would
 * have waited with something of it done already; the world is undecided. `forbidden`: the lock table keeps the two
 * apart. `never`: the outer operation ended before the event. After the last two nothing of it has been done.
 */
export type NestedFate = 'inside' | 'after' | 'blocked' | 'forbidden' | 'never';

export interface NestedRun {
  readonly outer: Answer;
  /** What the inner operation answered, or why it did not run. */
  readonly inner: Answer;
  readonly fate: NestedFate;
  /** Events of the outer operation, those of the inner one left out. */
  readonly eventCount: number;
  /** Events of the outer operation that were over when the inner one ran, or would have; 0 when it was never reached. */
  readonly afterEvent: number;
}

/** Performs `outer`, and `inner` inside it once `event` of its events (from 1) are over. Both are judged. */
export function runNested(machine: Machine, outer: Operation, event: number, inner: Operation): NestedRun {
  const refusal = whyNotInside(outer, inner);
  if (refusal !== undefined) {
    machine.eventCount = 0;
    const answer = machine.survive(() => perform(machine, outer), DIED);
    return { outer: answer, inner: `forbidden: ${refusal}`, fate: 'forbidden', eventCount: machine.eventCount, afterEvent: 0 };
  }
  return new Preemption(machine, inner, event).run(outer);
}

const DIED: Answer = 'the VMM died';
const BLOCKED: Answer = 'blocked in the middle';

/** Takes a thread of a VMM that is gone, or of a world nobody can decide, off the stack. Never escapes. */
class Unwound extends Error {
  override readonly name = 'Unwound';
}

class Preemption {
  readonly #machine: Machine;
  readonly #inner: Operation;
  readonly #event: number;
  #fate: NestedFate = 'never';
  #answer: Answer = '';
  #afterEvent = 0;

  constructor(machine: Machine, inner: Operation, event: number) {
    this.#machine = machine;
    this.#inner = inner;
    this.#event = event;
  }

  run(outer: Operation): NestedRun {
    const machine = this.#machine;
    machine.eventCount = 0;
    machine.preemption = this;
    const answer = this.#perform(outer);
    machine.preemption = undefined;
    const { eventCount } = machine;
    if (this.#fate === 'after') this.#runAfter();
    if (this.#fate === 'inside' && this.#answer === '0') this.#lookAgain();
    const inner = this.#fate === 'never' ? `not reached: ${eventCount} events` : this.#answer;
    return { outer: answer, inner, fate: this.#fate, eventCount, afterEvent: this.#afterEvent };
  }

  /** An event of the outer operation is over, and nobody is inside a call. */
  atEvent(): void {
    const machine = this.#machine;
    if (machine.eventCount < this.#event || machine.hasEnded) return;
    machine.preemption = undefined;
    this.#afterEvent = machine.eventCount;
    const { judge, locks, containers } = machine;
    const kept = judge.suspend(machine.operationIndex + 1);
    const contexts = containers.map(({ listener }) => listener.suspend());
    machine.operationIndex += 1;
    locks.isInside = true;
    machine.note({ kind: 'nested', phase: 'begins', operation: this.#inner });
    machine.eventCount = 0;
    this.#runInside();
    machine.note({ kind: 'nested', phase: this.#fate === 'after' ? 'waits' : 'ends', operation: this.#inner });
    locks.leaveInside(this.#fate !== 'inside');
    machine.operationIndex -= 1;
    machine.eventCount = this.#afterEvent;
    containers.forEach(({ listener }, at) => listener.resume(contexts[at]!));
    judge.resume(kept);
    if (machine.hasEnded) throw new Unwound();
  }

  #runInside(): void {
    const machine = this.#machine;
    try {
      this.#answer = perform(machine, this.#inner);
      this.#fate = machine.locks.isWaiting ? 'blocked' : 'inside';
    } catch (error) {
      if (!(error instanceof LockWait)) {
        this.#fate = 'inside';
        this.#answer = DIED;
        machine.exit(thrownText(error));
        return;
      }
      this.#fate = machine.eventCount === 0 ? 'after' : 'blocked';
    }
    if (this.#fate === 'after') takeBack(machine, this.#inner);
    if (this.#fate !== 'blocked') return;
    this.#answer = BLOCKED;
    machine.isUndecided = true;
    machine.hasEnded = true;
  }

  /** The lock is free now, and the outer operation has been judged. */
  #runAfter(): void {
    const machine = this.#machine;
    if (machine.hasEnded) {
      this.#answer = 'the guest is gone';
      return;
    }
    machine.operationIndex += 1;
    this.#answer = machine.survive(() => perform(machine, this.#inner), DIED);
    machine.operationIndex -= 1;
  }

  /** What a device that came inside has to have is known only when both are done. */
  #lookAgain(): void {
    const { judge, layout, containers, hasEnded } = this.#machine;
    if (this.#inner.op !== 'attach' || hasEnded) return;
    const container = this.#machine.container(this.#inner.container);
    if (!container.isAttached()) return;
    const difference = findLateDifference(judge, layout, containers, container);
    if (difference !== undefined) judge.report('hotplug', difference);
  }

  #perform(outer: Operation): Answer {
    try {
      return perform(this.#machine, outer);
    } catch (error) {
      if (!(error instanceof Unwound)) this.#machine.exit(thrownText(error));
      return this.#machine.isUndecided ? BLOCKED : DIED;
    }
  }
}

/** What an operation did before its first call into the design: nothing of it stays. */
function takeBack(machine: Machine, inner: Operation): void {
  if (inner.op === 'attach') {
    const { listener, attached } = machine.container(inner.container);
    if (listener.isAttached && !attached) listener.detach(machine.memory.coordination);
  }
  if (inner.op === 'migrate') {
    machine.isMigrating = false;
    machine.migration.isRunning = false;
  }
}
