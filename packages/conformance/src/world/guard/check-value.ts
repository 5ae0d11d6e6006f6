// SPDX-License-Identifier: MIT
/** The form of single values that cross the ports; each check throws a `PortError` that names the call and the value. */
import type { Lock, Side, Status } from '@sda-lab/guest-memory';
import { PortError } from './port-error.ts';
import { isThenable, shown } from './shown.ts';

/** The kernel's MAX_ERRNO. */
const MAX_ERRNO = 4095;

/** An answer must be 0 or a negated errno; anything else counts neither as success nor as a refusal. */
export function checkStatus(member: string, answer: unknown): Status {
  if (Number.isInteger(answer)) {
    const status = answer as number;
    if (status === 0) return 0;
    if (status < 0 && status >= -MAX_ERRNO) return status;
  }
  throw new PortError(`${member} answered ${shown(answer)}; a status is 0 or a negated errno such as -11 (EAGAIN)`);
}

/** A member without an answer may return what it likes, but not a promise: nobody waits for it. */
export function checkNoPromise(member: string, answer: unknown): void {
  if (isThenable(answer)) throw new PortError(`${member} answered ${shown(answer)}`);
}

/** Half-open, both ends safe integers, not reversed; where it lies is for the callee to judge. */
export function checkRun(call: string, first: unknown, end: unknown): void {
  if (Number.isSafeInteger(first) && Number.isSafeInteger(end) && (first as number) >= 0 && (end as number) >= (first as number)) return;
  throw new PortError(`${call} was given [${shown(first)}, ${shown(end)}); a range is half-open, of whole numbers from 0`);
}

/** A lock has a name of at least one letter. */
export function checkLock(call: string, lock: unknown): Lock {
  if (typeof lock === 'string' && lock !== '') return lock;
  throw new PortError(`${call} was given ${shown(lock)}; a lock is a name, the same text each time`);
}

export function checkSide(call: string, side: unknown): asserts side is Side {
  if (side === 'shared' || side === 'private') return;
  throw new PortError(`${call} was given the side ${shown(side)}; a side is 'shared' or 'private'`);
}

/** An object the design was handed before; one it made itself, or a copy, names nothing in this world. */
export function checkKnown(call: string, what: string, value: unknown, known: ReadonlySet<unknown>): void {
  if (known.has(value)) return;
  throw new PortError(`${call} was given ${shown(value)} as its ${what}; use the ${what} that was handed over, not a copy`);
}
