// SPDX-License-Identifier: MIT
/**
 * What rounds of a comparison say: the median, and the interval in which it lies in 95 of 100 resampled sets of rounds
 * (percentile bootstrap). Chance comes from a seed, so that the order of a run can be repeated.
 *
 * Does not cover means, which one slow second of a shared machine would spoil.
 */

export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 500;
const TAIL = 0.025;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y);
  return at(sorted, Math.floor(sorted.length / 2));
}

/** Of one round alone there is no interval to tell: it is the value itself. */
export function spreadOf(values: readonly number[], random: () => number): Spread {
  const { length } = values;
  const medians = Array.from({ length: RESAMPLES }, () => median(values.map(() => at(values, Math.floor(random() * length)))));
  medians.sort((x, y) => x - y);
  const last = Math.ceil(RESAMPLES * (1 - TAIL)) - 1;
  return { median: median(values), low: at(medians, Math.floor(RESAMPLES * TAIL)), high: at(medians, last) };
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

/** Fisher and Yates, in place. */
export function shuffle(values: unknown[], random: () => number): void {
  for (let end = values.length - 1; end > 0; end -= 1) {
    const other = Math.floor(random() * (end + 1));
    [values[end], values[other]] = [values[other], values[end]];
  }
}

function at(values: readonly number[], index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`no value at ${index} of ${values.length}`);
  return value;
}
