// SPDX-License-Identifier: MIT
import type { Status } from '@sda-lab/guest-memory';

/** The half-open part of a region that a listener follows. */
export interface Window {
  readonly first: number;
  readonly end: number;
}

/** Follows one window of a region; all ranges it hears of lie inside. QEMU's RamDiscardListener as of 11.1. */
export interface SourceListener {
  /** About to be populated. A non-zero answer vetoes. */
  notifyPopulate(first: number, end: number): Status;
  /** Was discarded, or will be; cannot be refused, and may name what was never populated. */
  notifyDiscard(first: number, end: number): void;
}
