// SPDX-License-Identifier: MIT
import { type Mutant, MUTANTS } from '@sda-lab/mutants';
import { UsageError } from '../../usage-error.ts';

/** The mutants of these ids, all without any; an unknown id is wrong use. */
export function findMutants(ids: readonly string[]): readonly Mutant[] {
  const known = MUTANTS.map(({ id }) => id);
  for (const id of ids) {
    if (!known.includes(id)) throw new UsageError(`no mutant '${id}'; docs/mutants.md lists all ${known.length} of them`);
  }
  return ids.length === 0 ? MUTANTS : MUTANTS.filter(({ id }) => ids.includes(id));
}
