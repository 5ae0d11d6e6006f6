// SPDX-License-Identifier: MIT
/**
 * What a workload is: one guest of a size that people run, and what happens to it, timed as a whole.
 *
 * Lifecycle: each runs in a process of its own (child.ts), so that the peak of memory is its own; all before the part that
 * is timed belongs to the setup. Chance comes from a seed: the same conversions for every strategy and every storage.
 */
import type { Strategy } from '@sda-lab/guest-memory';
import type { Size } from '../harness/table.ts';

/** How a guest and its kernel say what is known of each page: an entry a page, or a run of pages at once. */
export type Storage = 'exact' | 'run-length';

export interface Workload {
  /** Stable, e.g. `boot-16g/extended-rdm/type1v2`. */
  readonly id: string;
  readonly what: string;
  readonly strategy: Strategy;
  readonly backend: 'type1v2' | 'iommufd';
  readonly storage: Storage;
  readonly judge: boolean;
  readonly guestBytes: Readonly<Record<Size, number>>;
  readonly budget: Budget | null;
  readonly run: (workload: Workload, size: Size, seed: number) => WorkloadRun;
}

/** What was promised, of a full run. */
export interface Budget {
  readonly seconds: number | null;
  readonly bytes: number | null;
}

export interface WorkloadRun {
  readonly seconds: number;
  readonly calls: number;
  readonly events: number;
  readonly checksum: number;
}
