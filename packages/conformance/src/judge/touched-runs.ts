// SPDX-License-Identifier: MIT
import type { PositionRun } from './position-run.ts';

/** How many of the last runs are looked through for one that has the new one already. */
const LOOK_BACK = 4;

/** Runs of positions that an operation touched, in the order it did; the same arrays serve one operation after the other. */
export class TouchedRuns {
  readonly #firsts: number[] = [];
  readonly #ends: number[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  first(at: number): number {
    return this.#firsts[at]!;
  }

  end(at: number): number {
    return this.#ends[at]!;
  }

  clear(): void {
    this.#count = 0;
  }

  /** The same as `add` for each page of the run, one after the other. */
  addEach(first: number, end: number): void {
    for (let at = first; at < end; ) {
      const known = this.#endOfKnown(at);
      if (known > at) {
        at = known;
        continue;
      }
      // Up to where one of the last runs has the pages already.
      let stop = end;
      for (let run = Math.max(0, this.#count - LOOK_BACK); run < this.#count; run += 1) {
        if (this.#firsts[run]! > at) stop = Math.min(stop, this.#firsts[run]!);
      }
      this.add(at, stop);
      at = stop;
    }
  }

  /** Where the one of the last runs ends that has the position; the position itself when none has. */
  #endOfKnown(position: number): number {
    for (let run = Math.max(0, this.#count - LOOK_BACK); run < this.#count; run += 1) {
      if (this.#firsts[run]! <= position && position < this.#ends[run]!) return this.#ends[run]!;
    }
    return position;
  }

  /** Pins populate page by page: a run that continues the last one, or lies in one of the last, is not kept apart. */
  add(first: number, end: number): void {
    const last = this.#count - 1;
    for (let at = last; at >= 0 && at > last - LOOK_BACK; at -= 1) {
      if (this.#firsts[at]! <= first && end <= this.#ends[at]!) return;
    }
    if (last >= 0 && this.#firsts[last]! <= first && first <= this.#ends[last]!) {
      this.#ends[last] = end;
      return;
    }
    this.#firsts[this.#count] = first;
    this.#ends[this.#count] = end;
    this.#count += 1;
  }

  addAll(runs: readonly PositionRun[]): void {
    for (const { first, end } of runs) this.add(first, end);
  }

  /** What was added, as runs. */
  toRuns(): PositionRun[] {
    return Array.from({ length: this.#count }, (_, at) => ({ first: this.#firsts[at]!, end: this.#ends[at]! }));
  }
}
