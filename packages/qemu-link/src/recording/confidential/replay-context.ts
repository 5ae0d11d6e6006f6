// SPDX-License-Identifier: MIT
import { followModel } from '../follow-model.ts';
import type { Ledger } from '../ledger.ts';
import { Tape, type TapeItem } from '../tape.ts';
import type { BetweenRequests } from './between-requests.ts';
import type { ConfidentialGuest } from './confidential-guest.ts';

/** What every part of a replay works on. */
export interface ReplayContext {
  readonly guest: ConfidentialGuest;
  readonly ledger: Ledger;
  readonly between: BetweenRequests;
}

/** A request that is over: what the recording has of it, and what the model does for it. */
export interface Finished<T> {
  readonly request: string;
  /** Absent for a step that is no request. */
  readonly kind?: string | undefined;
  readonly items: readonly TapeItem[];
  readonly endLine: number;
  readonly endUs?: number;
  /** QEMU's answer; absent where nobody is answered, or where the answer is not the model's. */
  readonly recorded?: string;
  /** Whether that is a refusal. */
  readonly failed?: boolean;
  readonly work: () => T;
  readonly answer?: (result: T) => string;
}

/** Has the model carry a request out against its tape, and settles the outcome. */
export function playRequest<T>({ guest, ledger }: ReplayContext, finished: Finished<T>): T | undefined {
  const { request, kind, items, endLine, endUs, recorded, failed, work, answer } = finished;
  const times = { ...(endUs === undefined ? {} : { endUs }), ...(failed === undefined ? {} : { failed }) };
  const tape = new Tape(items, { endLine, lost: guest.machine.containers.lost, ...times });
  const result = followModel(tape, () => guest.machine.play(tape, work));
  const answers =
    recorded === undefined || result === undefined || answer === undefined
      ? {}
      : { answers: { recorded, model: answer(result) } };
  ledger.settle({ request, ...(kind === undefined ? {} : { kind }), endLine, tape, ...answers });
  return result;
}

/** Messages over memory that a manager follows; others are counted as left out. */
export function keepManaged({ guest, ledger }: ReplayContext, items: readonly TapeItem[]): TapeItem[] {
  const own = items.filter((item) => item.kind === 'lost' || guest.machine.isManaged(item.first, item.end));
  ledger.leaveOut('unmanaged RAM', items.length - own.length);
  return own;
}
