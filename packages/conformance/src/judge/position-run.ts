// SPDX-License-Identifier: MIT
/** Half-open run of positions. */
export interface PositionRun {
  readonly first: number;
  readonly end: number;
}

export const NO_RUNS: readonly PositionRun[] = [];

/** Where positions from `first` on stop to be all in the same runs; `end` at the latest. */
export function endOfEqualIn(runs: readonly PositionRun[], first: number, end: number): number {
  let at = end;
  for (const run of runs) {
    if (first < run.first) at = Math.min(at, run.first);
    else if (first < run.end) at = Math.min(at, run.end);
  }
  return at;
}

export function isIn(runs: readonly PositionRun[], position: number): boolean {
  for (const { first, end } of runs) if (position >= first && position < end) return true;
  return false;
}
