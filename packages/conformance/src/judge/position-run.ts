// SPDX-License-Identifier: MIT
/** Half-open run of positions. */
export interface PositionRun {
  readonly first: number;
  readonly end: number;
}

export const NO_RUNS: readonly PositionRun[] = [];

export function isIn(runs: readonly PositionRun[], position: number): boolean {
  for (const { first, end } of runs) if (position >= first && position < end) return true;
  return false;
}
