// SPDX-License-Identifier: MIT
// Compares two sides by the ratio of their times.
//
//     round 1: A B    round 2: B A    round 3: B A    ...    ratio of each round -> median, interval
//
// Both sides run in every round, in random order, so a slow second of a shared machine slows both.
// Does not cover memory, nor the first calls of a function: both sides are warmed up.

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

/** Each sample lasts at least this long, far above the clock's resolution. */
const SAMPLE_NANOSECONDS = 300_000;
const RESAMPLES = 500;

/** Keeps the compiler from dropping work whose result nobody reads. */
let sink = 0;

export function compare(a: () => number, b: () => number, { rounds, seed }: Options): Ratio {
  const random = generator(seed);
  const aCalls = callsPerSample(a);
  const bCalls = callsPerSample(b);
  const aTimes: number[] = [];
  const bTimes: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    globalThis.gc?.({ type: 'minor' });
    const aFirst = random() < 0.5;
    if (aFirst) aTimes.push(time(a, aCalls));
    bTimes.push(time(b, bCalls));
    if (!aFirst) aTimes.push(time(a, aCalls));
  }
  const ratios = aTimes.map((aTime, round) => aTime / at(bTimes, round));
  const medians = Array.from({ length: RESAMPLES }, () => median(ratios.map(() => at(ratios, Math.floor(random() * rounds)))));
  medians.sort((x, y) => x - y);
  return {
    median: median(ratios),
    from: at(medians, Math.floor(RESAMPLES * 0.025)),
    to: at(medians, Math.floor(RESAMPLES * 0.975)),
    aNanoseconds: median(aTimes),
    bNanoseconds: median(bTimes),
  };
}

/** Nanoseconds per call over `calls` calls. */
function time(side: () => number, calls: number): number {
  const start = process.hrtime.bigint();
  for (let call = 0; call < calls; call += 1) sink ^= side();
  return Number(process.hrtime.bigint() - start) / calls;
}

/** Warms the side up on the way: the last of the growing samples run optimised code. */
function callsPerSample(side: () => number): number {
  for (let calls = 1; ; calls *= 2) {
    const each = time(side, calls);
    if (each * calls < 10 * SAMPLE_NANOSECONDS) continue;
    return Math.max(1, Math.ceil(SAMPLE_NANOSECONDS / each));
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y);
  return at(sorted, Math.floor(sorted.length / 2));
}

function at(values: readonly number[], index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`no value at ${index} of ${values.length}`);
  return value;
}

/** Mulberry32: numbers in [0, 1) from a 32-bit seed. */
export function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
