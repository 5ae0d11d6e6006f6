// SPDX-License-Identifier: MIT
// A process of the benchmarks that does one thing, so that its peak of memory belongs to that.
import type { BenchWorkload } from '@sda-lab/lab';
import type { ChildOrder } from './child-protocol.ts';
import { grow } from './growth/grow.ts';
import { GROWN } from './growth/grown.ts';
import { peakBytes } from './peak-bytes.ts';
import type { Workload } from './workloads/workload.ts';
import { WORKLOADS } from './workloads/workloads.ts';

function main(order: ChildOrder): void {
  for (const id of order.ids) {
    if (order.kind === 'workload') write(runWorkload(find(WORKLOADS, id), order));
    else for (const row of grow(find(GROWN, id), order)) write(row);
  }
}

function write(result: unknown): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

function find<T extends { readonly id: string }>(all: readonly T[], id: string): T {
  const found = all.find((one) => one.id === id);
  if (found === undefined) throw new Error(`there is no ${id}`);
  return found;
}

function runWorkload(workload: Workload, { size, seed }: ChildOrder): BenchWorkload {
  const { id, what, backend, storage, judge, budget } = workload;
  const { seconds, calls, events, checksum } = workload.run(workload, size, seed);
  return {
    id,
    what,
    strategy: workload.strategy.id,
    backend,
    storage,
    judge,
    guestBytes: workload.guestBytes[size],
    seconds,
    calls,
    events,
    eventsPerSecond: Math.round(events / seconds),
    checksum,
    budget,
    peakBytes: peakBytes(),
  };
}

main(JSON.parse(process.argv[2]!) as ChildOrder);
