// SPDX-License-Identifier: MIT
/**
 * What one operation costs as the guest grows: guests of all sizes side by side in one process, the same operations in
 * each of them in every round, in random order; the ratio is to the smallest guest in the same round.
 *
 * The meters are read in a further guest of each size, since counting takes time, too. All guests are stored by runs, so
 * that what grows is the design and not the table behind it. Times are of our code on our bitmaps; what the algorithm
 * would touch on flat ones is in the meters.
 */
import { CostMeter, PAGE_BYTES, type Strategy } from '@sda-lab/guest-memory';
import type { BenchGrowth, BenchMeters } from '@sda-lab/lab';
import { generator, median, shuffle, spreadOf } from '../harness/statistics.ts';
import type { Size } from '../harness/table.ts';
import { sample, warmUp } from '../harness/timing.ts';
import { Guest, type GuestCounts } from '../workloads/guest.ts';
import { type Pattern, PATTERNS, placesOf } from './patterns.ts';

export interface GrowthOptions {
  readonly size: Size;
  readonly rounds: number;
  readonly seed: number;
}

const GIB = 2 ** 30;
const MIB = 2 ** 20;
export const GUEST_BYTES: Readonly<Record<Size, readonly number[]>> = {
  full: [16 * GIB, 64 * GIB, 256 * GIB, 1024 * GIB],
  small: [16 * MIB, 64 * MIB, 256 * MIB, 1024 * MIB],
};
const SAMPLING = { full: { sampleNanoseconds: 5e6 }, small: { sampleNanoseconds: 0 } } as const;

export function grow(strategy: Strategy, options: GrowthOptions): BenchGrowth[] {
  return PATTERNS.flatMap((pattern) => growPattern(strategy, pattern, options));
}

interface Lane {
  readonly guestBytes: number;
  readonly guest: Guest;
  readonly runs: number;
  readonly times: number[];
}

function growPattern(strategy: Strategy, pattern: Pattern, { size, rounds, seed }: GrowthOptions): BenchGrowth[] {
  const [smallest] = GUEST_BYTES[size] as [number];
  const reachPages = smallest / PAGE_BYTES;
  const places = placesOf(pattern, reachPages, size, seed);
  const random = generator(seed);
  const guestOf = (guestBytes: number, meter?: CostMeter): Guest => {
    const guest = new Guest({ strategy, backend: 'type1v2', storage: 'run-length', judge: false, guestBytes, ...(meter !== undefined && { meter }) });
    pattern.prepare(guest, reachPages, size, seed);
    return guest;
  };
  const timed = (guest: Guest): { run: () => number } => ({ run: () => pattern.round(guest, places) });
  const lanes = GUEST_BYTES[size].map((guestBytes): Lane => {
    const guest = guestOf(guestBytes);
    return { guestBytes, guest, runs: warmUp(timed(guest), SAMPLING[size]), times: [] };
  });
  const order = [...lanes];
  for (let round = 0; round < rounds; round += 1) {
    globalThis.gc?.({ type: 'minor' });
    shuffle(order, random);
    for (const { guest, runs, times } of order) times.push(sample(timed(guest), runs).nanoseconds);
  }
  return lanes.map(({ guestBytes, times }) => {
    const ratios = times.map((time, round) => time / lanes[0]!.times[round]!);
    const { median: ratio, low, high } = spreadOf(ratios, random);
    const meter = new CostMeter();
    const { operations, meters } = metersOf(guestOf(guestBytes, meter), meter, (guest) => pattern.round(guest, places));
    const nanoseconds = median(times) / operations;
    const { name, operation } = pattern;
    return { strategy: strategy.id, guestBytes, pattern: name, operation, operations, nanoseconds, ratio, low, high, meters };
  });
}

function metersOf(guest: Guest, meter: CostMeter, round: (guest: Guest) => number): { operations: number; meters: BenchMeters } {
  const before: GuestCounts = guest.counts;
  meter.clear();
  const operations = round(guest);
  const { calls, notifications, iotlbSyncs } = guest.counts;
  const each = (count: number): number => count / operations;
  const meters = {
    bitmapWords: each(meter.bitmapWords),
    probes: each(meter.probes),
    notifications: each(notifications - before.notifications),
    ioctls: each(calls - before.calls),
    iotlbSyncs: each(iotlbSyncs - before.iotlbSyncs),
  };
  return { operations, meters };
}
