// SPDX-License-Identifier: MIT
import fc from 'fast-check';

/** Parameters of a property: the same run every time, unless FC_SEED or FC_RUNS say otherwise. */
export function settings(runs: number): { readonly seed: number; readonly numRuns: number } {
  const { seed = 4, numRuns = runs } = fc.readConfigureGlobal();
  return { seed, numRuns };
}
