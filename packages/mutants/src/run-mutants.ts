// SPDX-License-Identifier: MIT
import { HistoryPool } from './history-pool.ts';
import { judgeMutant, type JudgeOptions, type Judgement } from './judge-mutant.ts';
import type { Mutant } from './mutant.ts';

export interface MutantResult {
  readonly mutant: Mutant;
  readonly judgement: Judgement;
}

export interface RunMutantsOptions extends JudgeOptions {
  /** Fires after each mutant; it looks and must not act. */
  readonly onProgress?: (done: number, of: number) => void;
}

/** Judges one mutant after the other. */
export function runMutants(mutants: readonly Mutant[], options: RunMutantsOptions = {}): MutantResult[] {
  const pool = options.pool ?? new HistoryPool();
  return mutants.map((mutant, at) => {
    const judgement = judgeMutant(mutant, { ...options, pool });
    options.onProgress?.(at + 1, mutants.length);
    return { mutant, judgement };
  });
}
