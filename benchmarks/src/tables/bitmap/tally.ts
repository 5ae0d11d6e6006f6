// SPDX-License-Identifier: MIT
/** What a walk's listener does in these tables: counts the runs and sums over their ends, exactly as `native/flat-bits.c`. */
const RUNS_KEPT = 2 ** 20;

let runs = 0;
let sum = 0;

/** The listener. Returns 0 to go on. */
export function addRun(firstBit: number, endBit: number): number {
  runs += 1;
  sum = (sum + (firstBit ^ (endBit << 2))) | 0;
  return 0;
}

/** The answer of `walk`, which is to call `addRun`. */
export function tallied(walk: () => unknown): number {
  runs = 0;
  sum = 0;
  walk();
  return (runs % RUNS_KEPT) * 2 ** 32 + (sum >>> 0);
}
