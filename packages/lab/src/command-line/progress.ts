// SPDX-License-Identifier: MIT
import type { Io } from './io.ts';

const CLEAR_LINE = '\r\u001B[K';

export interface Progress {
  /** Replaces the line. */
  readonly show: (what: string) => void;
  /** Takes the line away; call before anything else is written. */
  readonly clear: () => void;
}

/** One line on standard error that says what is being done; nothing at all where nobody watches. */
export function createProgress(io: Io): Progress {
  if (!io.showsProgress) return { show: () => undefined, clear: () => undefined };
  return {
    show: (what) => io.err(`${CLEAR_LINE}${what}`),
    clear: () => io.err(CLEAR_LINE),
  };
}
