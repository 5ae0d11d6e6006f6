// SPDX-License-Identifier: MIT
import { type History, parseHistory, runAblation, shortenHistory } from '@sda-lab/conformance';
import { HistoryPool, judgeMutant, MUTANTS } from '@sda-lab/mutants';
import type { Claim } from './claim.ts';
import { fallsIn } from './falls-in.ts';

/** A history in which the claim's invariant falls, as cases and random search find one; undefined: they find none. */
export function knownHistory(claim: Claim, pool: HistoryPool = new HistoryPool()): History | undefined {
  const history = claim.kind === 'addition' ? ofAddition(claim) : ofMutant(claim, pool);
  return history !== undefined && fallsIn(claim, history) !== undefined ? history : undefined;
}

function ofAddition({ id, strategy, invariant, without }: Claim): History | undefined {
  const additions = strategy.additions.filter((addition) => addition.id === id);
  const [row] = runAblation([{ ...strategy, additions }]);
  if (row?.falls?.invariant !== invariant) return undefined;
  return shortenHistory(strategy, parseHistory(row.falls.history), { ...(without && { without }) }, invariant);
}

function ofMutant({ id }: Claim, pool: HistoryPool): History | undefined {
  const mutant = MUTANTS.find((one) => one.id === id);
  const judgement = mutant === undefined ? undefined : judgeMutant(mutant, { pool });
  return judgement?.status === 'killed' ? parseHistory(judgement.history) : undefined;
}
