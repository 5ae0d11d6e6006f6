// SPDX-License-Identifier: MIT
import { grouped } from '../search/search-blocks.ts';
import type { Block } from '../text/block.ts';
import type { BenchDocument, BenchRow } from './bench-document.ts';
import { bytesText, factor, nanosecondsText, secondsText, sizeText } from './figures.ts';
import { targetBlocks } from './targets.ts';

/** What `bench` prints for people, and docs/performance.md shows. */
export function benchBlocks(document: BenchDocument): Block[] {
  return [...machineBlocks(document), ...targetBlocks(document), ...tableBlocks(document), ...workloadBlocks(document), ...growthBlocks(document), ...leftOutBlocks(document)];
}

export function machineBlocks({ node, size, rounds, seed, machine }: BenchDocument): Block[] {
  const { cpu, cores, memoryBytes, platform, compilers } = machine;
  const compiled = [...new Set(compilers.flatMap(({ compiler }) => compiler ?? []))].join('; ') || 'no compiler';
  const small = size === 'small' ? ' Small inputs: the times say nothing.' : '';
  const text = `Node ${node}, ${cpu}, ${cores} cores, ${bytesText(memoryBytes)}, ${platform}; ${compiled}. Up to ${rounds} rounds, seed ${seed}.${small}`;
  return [{ kind: 'text', text }];
}

/** One part per table: a line for each subject of each case. */
export function tableBlocks({ rows, cases }: BenchDocument): Block[] {
  const tables = [...new Set(rows.map(({ table }) => table))];
  return tables.flatMap((table): Block[] => [
    { kind: 'heading', level: 2, text: table },
    {
      kind: 'table',
      head: ['case', 'subject', 'ns per operation', 'times the baseline', '95 %', 'bytes'],
      numeric: [2, 3, 4, 5],
      rows: cases.filter((one) => one.table === table).flatMap((one) => {
        const subjects = rows.filter((row) => row.table === table && row.case === one.case);
        const noise = ['', `${subjects[0]!.baseline}, again`, '', factor(one.noise.ratio), intervalText(one.noise), ''];
        return [...subjects.map(rowCells), noise];
      }),
    },
  ]);
}

function rowCells(row: BenchRow): string[] {
  const isBaseline = row.subject === row.baseline;
  const name = isBaseline ? `${row.subject} (baseline)` : row.subject;
  const bytes = row.bytes === null ? '' : grouped(row.bytes);
  return [row.case, name, nanosecondsText(row.value), factor(row.ratio), isBaseline ? '' : intervalText(row), bytes];
}

function intervalText({ low, high }: { readonly low: number; readonly high: number }): string {
  return `${factor(low)} to ${factor(high)}`;
}

export function workloadBlocks({ workloads }: BenchDocument): Block[] {
  if (workloads.length === 0) return [];
  return [
    { kind: 'heading', level: 2, text: 'Workloads' },
    {
      kind: 'table',
      head: ['workload', 'storage', 'judge', 'seconds', 'calls', 'events/s', 'peak'],
      numeric: [3, 4, 5, 6],
      rows: workloads.map(({ id, storage, judge, seconds, calls, eventsPerSecond, peakBytes }) => [
        id,
        storage,
        judge ? 'on' : 'off',
        secondsText(seconds),
        grouped(calls),
        grouped(eventsPerSecond),
        bytesText(peakBytes),
      ]),
    },
  ];
}

export function growthBlocks({ growth, bitmaps }: BenchDocument): Block[] {
  if (growth.length === 0) return [];
  const patterns = [...new Set(growth.map(({ pattern }) => pattern))];
  return [
    { kind: 'heading', level: 2, text: 'Growth with the guest' },
    ...patterns.flatMap((pattern): Block[] => [
      { kind: 'heading', level: 3, text: pattern },
      {
        kind: 'table',
        head: ['strategy', 'guest', 'ns', 'times the\nsmallest', '95 %', 'flat words\nread', 'probes', 'notifi-\ncations', 'ioctls', 'IOTLB\nsyncs'],
        numeric: [1, 2, 3, 4, 5, 6, 7, 8, 9],
        rows: growth.filter((row) => row.pattern === pattern).map(({ strategy, guestBytes, nanoseconds, ratio, low, high, meters }) => [
          strategy,
          sizeText(guestBytes),
          nanosecondsText(nanoseconds),
          factor(ratio),
          intervalText({ low, high }),
          ...[meters.bitmapWords, meters.probes, meters.notifications, meters.ioctls, meters.iotlbSyncs].map(countText),
        ]),
      },
    ]),
    { kind: 'heading', level: 2, text: 'Bytes of a bitmap' },
    {
      kind: 'table',
      head: ['pages set', 'guest', 'bytes', 'flat', 'flat / ours'],
      numeric: [1, 2, 3, 4],
      rows: bitmaps.map(({ pages, guestBytes, bytes, flatBytes }) => [pages, sizeText(guestBytes), grouped(bytes), grouped(flatBytes), factor(flatBytes / bytes)]),
    },
  ];
}

export function leftOutBlocks({ leftOut, cases }: BenchDocument): Block[] {
  const ofCases = cases.flatMap(({ table, case: name, leftOut: some }) => some.map((one) => ({ name: `${table}, ${name}: ${one.name}`, reason: one.reason })));
  // A reason is given once, with how often it was the reason.
  const reasons = new Map<string, string[]>();
  for (const { name, reason } of [...leftOut, ...ofCases]) reasons.set(reason, [...(reasons.get(reason) ?? []), name]);
  if (reasons.size === 0) return [];
  return [
    { kind: 'heading', level: 2, text: 'Left out' },
    {
      kind: 'table',
      head: ['what', 'why'],
      rows: [...reasons].map(([reason, names]) => [names.length === 1 ? names[0]! : `${names[0]!} and ${names.length - 1} more`, reason]),
    },
  ];
}

/** A mean over conversions. */
function countText(value: number): string {
  return Number.isInteger(value) ? grouped(value) : value < 100 ? value.toFixed(2) : grouped(Math.round(value));
}
