// SPDX-License-Identifier: MIT
import { CASES, type ConformanceCase } from '@sda-lab/conformance';
import { type Mutant, type MutantResult, runMutants } from '@sda-lab/mutants';
import { type MutantDocument, MUTANTS_SCHEMA_ID, type MutantsDocument } from './mutants-document.ts';

export interface ConformMutantsOptions {
  /** Random histories per mutant that no case kills. */
  readonly runs: number;
  readonly seed: number;
  /** @defaultValue all */
  readonly cases?: readonly ConformanceCase[];
  readonly onProgress?: (what: string) => void;
}

/** Judges the mutants, as the document of `conform --mutants --json`. */
export function conformMutants(mutants: readonly Mutant[], options: ConformMutantsOptions): MutantsDocument {
  const { runs, seed, cases = CASES } = options;
  const onProgress = (done: number, of: number): void => options.onProgress?.(`mutants: ${done} of ${of}`);
  const results = runMutants(mutants, { runs, seed, cases, onProgress });
  const list = results.map(describe);
  const idsOf = (status: MutantDocument['status']): string[] => list.filter((one) => one.status === status).map(({ id }) => id);
  return {
    schema: MUTANTS_SCHEMA_ID,
    seed,
    mutants: {
      total: list.length,
      killed: idsOf('killed').length,
      equivalent: idsOf('equivalent').length,
      survivors: idsOf('survivor'),
      list,
    },
  };
}

function describe({ mutant: { id, breaks, what, where, source, carrier }, judgement }: MutantResult): MutantDocument {
  const { status, ...found } = judgement;
  return { id, breaks, status, what, where, source, carrier: carrier.id, ...found };
}
