// SPDX-License-Identifier: MIT
/**
 * What a benchmark is made of: a table has cases (rows of one question), a case has subjects that answer the same question.
 *
 * Lifecycle of a case: made when its turn comes (a table yields it), then for every subject `prepare` and `run` once for
 * its answer, which must equal that of all the others or nothing is timed; then rounds in which every subject runs, in
 * random order; then the case is dropped with all it holds, before the next is made.
 */

/** What is left out and why, as when there is no compiler. */
export interface LeftOut {
  readonly name: string;
  readonly reason: string;
}

export interface Subject {
  readonly name: string;
  /** Done before each run, and not timed: empties a map that is filled, say. */
  readonly prepare?: () => void;
  /** The work, all of it; answers a checksum of what came out. */
  readonly run: () => number;
  /** Looks at all that came out, where that is too slow to be timed; compared once, before anything is. */
  readonly answer?: () => number;
  /** Bytes it holds after a run, where it knows. */
  readonly bytes?: () => number;
}

export interface Case {
  /** Unique in its table, e.g. `classify 2 MiB, zeros, 1 TiB`. */
  readonly name: string;
  /** How many operations one run is; values are nanoseconds an operation. */
  readonly operations: number;
  /** Name of the subject that the others are compared with: C where it is there. */
  readonly baseline: string;
  readonly subjects: readonly Subject[];
  readonly leftOut?: readonly LeftOut[];
}

/** `full`: as published. `small`: inputs small enough for a test, the same code. */
export type Size = 'full' | 'small';

export interface Table {
  /** Stable, e.g. `bitmap-replay`. */
  readonly id: string;
  readonly title: string;
  /** Cases one after the other, each made when it is asked for. */
  readonly cases: (size: Size) => Iterable<Case>;
}
