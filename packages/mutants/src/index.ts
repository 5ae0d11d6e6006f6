// SPDX-License-Identifier: MIT
export { HistoryPool, type Place } from './history-pool.ts';
export { judgeMutant, type JudgeOptions, type Judgement, type Kill } from './judge-mutant.ts';
export { CAREFUL, type Mutant, type Where } from './mutant.ts';
export { MUTANTS } from './mutants.ts';
export { mutantsPage } from './mutants-page.ts';
export { type MutantResult, runMutants, type RunMutantsOptions } from './run-mutants.ts';
