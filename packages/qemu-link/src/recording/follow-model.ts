// SPDX-License-Identifier: MIT
import { AssertionFailure } from '@sda-lab/guest-memory';
import { VirtioMemRefusal } from '@sda-lab/virtio-mem';
import type { Ledger } from './ledger.ts';
import type { RecordedLine } from './recorded-line.ts';
import type { Tape } from './tape.ts';

/**
 * Runs the model's part of a request. A recording can lead it where it cannot go (a device detached that was never
 * attached, say); that is a difference, not a fault of the check. undefined then.
 */
export function followModel<T>(tape: Tape, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    tape.fail(error.message);
    return undefined;
  }
}

/** The same for the guest as a whole, before its first request: one that no model can be built of is a difference. */
export function buildModel<T>(ledger: Ledger, lines: readonly RecordedLine[], work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const [first] = lines;
    const expected = 'a guest that a model can be built of';
    ledger.mismatch({ line: first?.number ?? 1, request: 'start of the guest', expected, got: error.message });
    return undefined;
  }
}

function isRefusal(error: unknown): error is Error {
  // Sizes and page numbers that no model holds end in a RangeError.
  return error instanceof AssertionFailure || error instanceof VirtioMemRefusal || error instanceof RangeError;
}
