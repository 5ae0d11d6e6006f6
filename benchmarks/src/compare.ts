// SPDX-License-Identifier: MIT
// Compares two sides by the ratio of their times.
//
//     round 1: A B    round 2: B A    round 3: B A    ...    ratio of each round -> median, interval
//
// Both sides run in every round, in random order, so a slow second of a shared machine slows both.
// Does not cover memory, more than two sides, nor whether they answer alike: that is harness/run-table.ts.
import { generator, median, spreadOf } from './harness/statistics.ts';
import { sample, warmUp } from './harness/timing.ts';

export interface Ratio {
  /** Median over the rounds of (time of A) / (time of B). */
  readonly median: number;
  /** The median lies in here in 95 of 100 resampled sets of rounds. */
  readonly from: number;
  readonly to: number;
  /** Median time of one call, in nanoseconds. */
  readonly aNanoseconds: number;
  readonly bNanoseconds: number;
}

export interface Options {
  readonly rounds: number;
  readonly seed: number;
}

/** Far above the clock's resolution. */
const SAMPLING = { sampleNanoseconds: 300_000 };

/** Keeps the compiler from dropping work whose result nobody reads. */
let sink = 0;

export function compare(a: () => number, b: () => number, { rounds, seed }: Options): Ratio {
  const random = generator(seed);
  const aRuns = warmUp({ run: a }, SAMPLING);
  const bRuns = warmUp({ run: b }, SAMPLING);
  const aTimes: number[] = [];
  const bTimes: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    globalThis.gc?.({ type: 'minor' });
    const aFirst = random() < 0.5;
    if (aFirst) aTimes.push(time(a, aRuns));
    bTimes.push(time(b, bRuns));
    if (!aFirst) aTimes.push(time(a, aRuns));
  }
  const ratios = aTimes.map((aTime, round) => aTime / bTimes[round]!);
  const { median: middle, low: from, high: to } = spreadOf(ratios, random);
  return { median: middle, from, to, aNanoseconds: median(aTimes), bNanoseconds: median(bTimes) };
}

function time(run: () => number, runs: number): number {
  const { nanoseconds, answer } = sample({ run }, runs);
  sink ^= answer;
  return nanoseconds;
}
