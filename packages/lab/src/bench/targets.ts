// SPDX-License-Identifier: MIT
/**
 * What was promised before anything was measured, and whether a run keeps it. A target is one number of the document, the
 * worst one where several rows are meant; what a run has no rows for is not measured, and no success.
 */
import type { Block } from '../text/block.ts';
import type { BenchDocument, BenchWorkload } from './bench-document.ts';
import { bytesText, factor, secondsText } from './figures.ts';
import { TABLE_TARGETS } from './table-targets.ts';

export interface Target {
  readonly what: string;
  readonly bound: 'at most' | 'at least';
  readonly limit: number;
  readonly show: (value: number) => string;
  /** Undefined when the run has no rows for it. */
  readonly measure: (document: BenchDocument) => number | undefined;
  /** Where the time goes, as far as is known; shown when it is missed. */
  readonly ifMissed?: string;
}

export interface TargetResult {
  readonly target: Target;
  readonly value: number | undefined;
  readonly isMet: boolean;
}

const TIB = 2 ** 40;

export function judgeTargets(document: BenchDocument): TargetResult[] {
  const targets = [...TABLE_TARGETS, ...bitmapTargets(), ...workloadTargets(document), ...judgeTargetsOf(document), ...growthTargets(document)];
  return targets.map((target) => {
    const value = target.measure(document);
    const isMet = value !== undefined && (target.bound === 'at most' ? value <= target.limit : value >= target.limit);
    return { target, value, isMet };
  });
}

/** Of full runs only: small inputs keep nothing. */
export function targetBlocks(document: BenchDocument): Block[] {
  const isPartial = document.rows.length === 0 || document.workloads.length === 0 || document.growth.length === 0;
  const results = document.size === 'full' ? judgeTargets(document).filter(({ value }) => !isPartial || value !== undefined) : [];
  if (results.length === 0) return [];
  const missed = results.filter(({ isMet, value, target }) => !isMet && value !== undefined && target.ifMissed !== undefined);
  return [
    { kind: 'heading', level: 2, text: 'Targets' },
    {
      kind: 'table',
      head: ['target', 'wanted', 'measured', ''],
      numeric: [1, 2],
      rows: results.map(({ target: { what, bound, limit, show }, value, isMet }) => {
        const wanted = `${bound} ${show(limit)}`;
        if (value === undefined) return [what, wanted, '', 'not measured'];
        return [what, wanted, show(value), isMet ? 'met' : 'missed'];
      }),
    },
    ...missed.map(({ target }): Block => ({ kind: 'text', text: `Missed: ${target.what}. ${target.ifMissed!}` })),
  ];
}

/** Promised of each: time, and peak memory. */
function workloadTargets({ workloads }: BenchDocument): Target[] {
  return workloads.flatMap(({ id, budget, seconds, peakBytes }): Target[] => {
    const of = { bound: 'at most', what: id } as const;
    const time = budget?.seconds ?? null;
    const bytes = budget?.bytes ?? null;
    return [
      ...(time === null ? [] : [{ ...of, limit: time, show: (value: number) => `${secondsText(value)} s`, measure: () => seconds }]),
      ...(bytes === null ? [] : [{ ...of, what: `${id}, peak memory`, limit: bytes, show: bytesText, measure: () => peakBytes }]),
    ];
  });
}

/** What the judge costs where all pages move. */
function judgeTargetsOf({ workloads }: BenchDocument): Target[] {
  return workloads.filter(({ judge }) => judge).flatMap((judged): Target[] => {
    const without = workloads.find((other) => isUnjudged(other, judged));
    const what = `${judged.id}, times the time without the judge`;
    return without === undefined ? [] : [{ what, bound: 'at most', limit: 4, show: factor, measure: () => judged.seconds / without.seconds }];
  });
}

function isUnjudged(other: BenchWorkload, { id }: BenchWorkload): boolean {
  return !other.judge && `${other.id}/judged` === id;
}

function bitmapTargets(): Target[] {
  return [
    {
      what: 'bitmap of a swiotlb boot at 1 TiB, flat bytes to ours',
      bound: 'at least',
      limit: 20,
      show: factor,
      measure: ({ bitmaps }) => {
        const found = bitmaps.find(({ pages, guestBytes }) => pages === 'swiotlb boot' && guestBytes === TIB);
        return found && found.flatBytes / found.bytes;
      },
    },
  ];
}

const DONE_RIGHT = ['extended-rdm', 'notifier-list'];
const AS_MERGED = 'ram-block-attributes';
const FLAT = 1.5;

/** Flat: no guest takes 1.5 times what the smallest takes, in time or in any meter. */
function growthTargets(document: BenchDocument): Target[] {
  const growth = document.growth.filter(({ operation }) => operation === 'convert');
  if (growth.length === 0) return [];
  const flat = DONE_RIGHT.flatMap((strategy): Target[] => {
    const rows = growth.filter((row) => row.strategy === strategy);
    const of = { bound: 'at most', limit: FLAT, show: factor } as const;
    return [
      { ...of, what: `${strategy}: time of a conversion, worst guest to smallest`, measure: () => Math.max(...rows.map(({ ratio }) => ratio)) },
      { ...of, what: `${strategy}: meters of a conversion, worst guest to smallest`, measure: () => largestMeterGrowth(rows) },
    ];
  });
  const merged = growth.filter(({ strategy }) => strategy === AS_MERGED);
  return [
    ...flat,
    { what: `${AS_MERGED}: meters of a conversion, worst guest to smallest`, bound: 'at least', limit: FLAT, show: factor, measure: () => largestMeterGrowth(merged) },
  ];
}

/** How often the meters of the smallest guest go into those of the others, at most; a meter that is 0 there and not elsewhere grows without bound. */
function largestMeterGrowth(rows: BenchDocument['growth']): number | undefined {
  const growths = rows.flatMap(({ pattern, meters }) => {
    const smallest = rows.find((row) => row.pattern === pattern)!;
    const names = Object.keys(meters) as (keyof typeof meters)[];
    return names.map((name) => (meters[name] === smallest.meters[name] ? 1 : meters[name] / smallest.meters[name]));
  });
  return growths.length === 0 ? undefined : Math.max(...growths);
}
