// SPDX-License-Identifier: MIT
import { ERRNO, type Status } from '@sda-lab/guest-memory';
import type { SourceListener, Window } from '../multi-source/source-listener.ts';
import type { CallKind } from './unit-case.ts';

/** What a listener was told, and what it answered. */
export interface HeardCall {
  readonly listener: string;
  readonly kind: CallKind;
  readonly offset: number;
  readonly size: number;
  /** 0 for a discard. */
  readonly status: Status;
}

/** A listener of a unit case: writes down what it hears, and refuses populates from a given one on. */
export class CaseListener implements SourceListener {
  readonly name: string;
  readonly window: Window;
  /** Since it began to listen, or the last `reset`. */
  calls: HeardCall[] = [];
  readonly #failOnPopulate: number;
  readonly #onCall: (call: HeardCall) => void;
  #populateCount = 0;

  /** `failOnPopulate` 0: never. */
  constructor(name: string, window: Window, failOnPopulate: number, onCall: (call: HeardCall) => void) {
    this.name = name;
    this.window = window;
    this.#failOnPopulate = failOnPopulate;
    this.#onCall = onCall;
  }

  /** Populates it agreed to. */
  get populates(): readonly HeardCall[] {
    return this.calls.filter(({ kind, status }) => kind === 'P' && status === 0);
  }

  get discards(): readonly HeardCall[] {
    return this.calls.filter(({ kind }) => kind === 'D');
  }

  notifyPopulate(first: number, end: number): Status {
    this.#populateCount += 1;
    const refuses = this.#failOnPopulate > 0 && this.#populateCount >= this.#failOnPopulate;
    return this.#hear('P', first, end, refuses ? -ERRNO.ENOMEM : 0);
  }

  notifyDiscard(first: number, end: number): void {
    this.#hear('D', first, end, 0);
  }

  #hear(kind: CallKind, first: number, end: number, status: Status): Status {
    const call = { listener: this.name, kind, offset: first, size: end - first, status };
    this.calls.push(call);
    this.#onCall(call);
    return status;
  }
}
