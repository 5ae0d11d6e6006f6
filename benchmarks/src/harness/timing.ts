// SPDX-License-Identifier: MIT
/**
 * How long something takes: runs of it in a row, as many as a sample needs to be far above the clock's resolution.
 *
 * Lifecycle: `warmUp` runs it until a run takes no less than it did before, and answers how many runs make a sample; then
 * `sample` as often as there are rounds. What `prepare` does is not timed; then each run is timed by itself.
 */

export interface Timed {
  readonly prepare?: () => void;
  readonly run: () => number;
}

export interface Sampling {
  /** What one sample takes at least, in nanoseconds; 0: one run is a sample, and nothing is warmed up. */
  readonly sampleNanoseconds: number;
}

export interface Sample {
  /** Of one run. */
  readonly nanoseconds: number;
  /** The last run's. */
  readonly answer: number;
}

/** A sample that is no more than this much faster than the one before it: warm. */
const STABLE = 0.95;
/** Warm enough after so long, whatever it does. */
const LONGEST_WARM_UP = 1.5e9;
const WARM_UP_SAMPLES = 10;

const now = (): number => Number(process.hrtime.bigint());

export function sample(timed: Timed, runs: number): Sample {
  const { prepare, run } = timed;
  let answer = 0;
  let nanoseconds = 0;
  if (prepare === undefined) {
    const start = process.hrtime.bigint();
    for (let count = 0; count < runs; count += 1) answer = run();
    nanoseconds = Number(process.hrtime.bigint() - start);
  } else {
    for (let count = 0; count < runs; count += 1) {
      prepare();
      const start = process.hrtime.bigint();
      answer = run();
      nanoseconds += Number(process.hrtime.bigint() - start);
    }
  }
  return { nanoseconds: nanoseconds / runs, answer };
}

/** How many runs make a sample. */
export function warmUp(timed: Timed, { sampleNanoseconds }: Sampling): number {
  if (sampleNanoseconds === 0) return 1;
  const end = now() + LONGEST_WARM_UP;
  let before = Infinity;
  for (let runs = 1; ; ) {
    const { nanoseconds } = sample(timed, runs);
    const isLongEnough = nanoseconds * runs >= WARM_UP_SAMPLES * sampleNanoseconds;
    if (now() >= end || (isLongEnough && nanoseconds > before * STABLE)) {
      return Math.max(1, Math.ceil(sampleNanoseconds / nanoseconds));
    }
    before = nanoseconds;
    if (!isLongEnough) runs *= 2;
  }
}
