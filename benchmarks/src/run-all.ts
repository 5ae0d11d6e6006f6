// SPDX-License-Identifier: MIT
/**
 * One run of the benchmarks: the tables in this process, each workload and the growth of each design in one of its own.
 * In the small size all workloads share a process, and all designs: there the peak of memory says nothing.
 */
import type { BenchCase, BenchDocument, BenchGrowth, BenchRequest, BenchRow, BenchWorkload } from '@sda-lab/lab';
import { hashOf } from './answers.ts';
import { type ChildOrder, runChild } from './child-protocol.ts';
import { bitmapBytes } from './growth/bitmap-bytes.ts';
import { GROWN } from './growth/grown.ts';
import { runTable } from './harness/run-table.ts';
import { describeMachine } from './machine.ts';
import { TABLES } from './tables/tables.ts';
import { WORKLOADS } from './workloads/workloads.ts';
import { WrongUse } from './wrong-use.ts';

type OnProgress = (what: string) => void;

export async function runAll(request: BenchRequest, onProgress: OnProgress): Promise<BenchDocument> {
  const { size, rounds, seed } = request;
  const tables = pick('table', TABLES, request.tables);
  const workloads = pick('workload', WORKLOADS, request.workloads);
  const { machine, leftOut } = describeMachine();
  const rows: BenchRow[] = [];
  const cases: BenchCase[] = [];
  for (const table of tables) {
    const result = runTable(table, { size, rounds, seed, onCase: onProgress });
    rows.push(...result.rows);
    cases.push(...result.cases);
  }
  const measured = await inChildren<BenchWorkload>('workload', workloads, request, onProgress);
  const growth = request.growth ? await inChildren<BenchGrowth>('growth', GROWN, request, onProgress) : [];
  const bitmaps = request.growth ? bitmapBytes(size, seed) : [];
  const answers = hashOf({ cases, workloads: measured, growth });
  return {
    schema: 'sda-lab/bench@1',
    node: process.versions.node,
    size,
    rounds,
    seed,
    machine,
    rows,
    cases,
    workloads: measured,
    growth,
    bitmaps,
    leftOut,
    answers,
  };
}

function pick<T extends { readonly id: string }>(what: string, all: readonly T[], ids: readonly string[] | undefined): readonly T[] {
  if (ids === undefined) return all;
  for (const id of ids) {
    if (!all.some((one) => one.id === id)) throw new WrongUse(`no ${what} '${id}'; there are ${all.map((one) => one.id).join(', ')}`);
  }
  return all.filter(({ id }) => ids.includes(id));
}

async function inChildren<T>(
  kind: ChildOrder['kind'],
  all: readonly { readonly id: string }[],
  { size, rounds, seed }: BenchRequest,
  onProgress: OnProgress,
): Promise<T[]> {
  const ids = all.map(({ id }) => id);
  const shares = size === 'full' ? ids.map((id) => [id]) : [ids];
  const results: T[] = [];
  for (const share of shares.filter(({ length }) => length > 0)) {
    onProgress(`${kind}: ${share.length === 1 ? share[0]! : `all ${share.length}`}`);
    await runChild({ kind, size, rounds, seed, ids: share }, (result) => results.push(result as T));
  }
  return results;
}
