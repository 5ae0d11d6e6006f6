// SPDX-License-Identifier: MIT
import type { BenchCase, BenchGrowth, BenchWorkload } from '@sda-lab/lab';
import { createHash } from 'node:crypto';

export interface Answers {
  readonly cases: readonly BenchCase[];
  readonly workloads: readonly BenchWorkload[];
  readonly growth: readonly BenchGrowth[];
}

/** One hash over all that must be equal wherever this runs: no time, no byte, nothing of peers that may be left out. */
export function hashOf({ cases, workloads, growth }: Answers): string {
  const lines = [
    ...cases.map(({ table, case: name, operations, checksum }) => [table, name, operations, checksum]),
    ...workloads.map(({ id, calls, checksum }) => [id, calls, checksum]),
    ...growth.map(({ strategy, guestBytes, pattern, operations, meters }) => [strategy, guestBytes, pattern, operations, meters]),
  ];
  return createHash('sha256').update(lines.map((line) => JSON.stringify(line)).join('\n')).digest('hex');
}
