// SPDX-License-Identifier: MIT
/**
 * What exhaustion says of a claim, and where it says nothing, why:
 *
 *   falls         a shortest history of a bound shows it
 *   equivalent    of a mutant with a proof: no history of any bound tells it from its carrier
 *   random        no searched history shows it; a known one does, and has what no bound has
 *   unknown       no searched history shows it, and some search did not get to its end
 *   contradicted  every bound was searched to its end, and what is claimed is not so
 */
import type { HistoryPool } from '@sda-lab/mutants';
import type { Claim } from './claim.ts';
import { decide, type DecideOptions, type Fall, type Searched } from './decide.ts';
import { knownHistory } from './known-history.ts';
import { type Equivalence, proveEquivalent } from './prove-equivalent.ts';
import { type Beyond, whyRandom } from './why-random.ts';

export const VERDICTS = ['falls', 'equivalent', 'random', 'unknown', 'contradicted'] as const;
export type ExhaustVerdict = (typeof VERDICTS)[number];

export interface Exhausted {
  readonly claim: Claim;
  readonly verdict: ExhaustVerdict;
  readonly searches: readonly Searched[];
  readonly fall?: Fall;
  readonly beyond?: Beyond;
}

export interface ExhaustOptions extends DecideOptions {
  /** Shared with other claims, it saves making the same histories again. */
  readonly pool?: HistoryPool;
}

export function exhaust(claim: Claim, options: ExhaustOptions = {}): Exhausted {
  if (claim.proof !== undefined) return ofProof(claim, proveEquivalent(claim));
  const decision = decide(claim, options);
  const { searches } = decision;
  if (decision.outcome === 'falls') return { claim, verdict: 'falls', searches, fall: decision.fall };
  const known = knownHistory(claim, options.pool);
  const beyond = known === undefined ? undefined : whyRandom(claim, known);
  const otherwise = decision.outcome === 'unknown' ? 'unknown' : 'contradicted';
  const verdict = beyond !== undefined && beyond.reasons.length > 0 ? 'random' : otherwise;
  return { claim, verdict, searches, ...(beyond && { beyond }) };
}

function ofProof(claim: Claim, { outcome, searches }: Equivalence): Exhausted {
  return { claim, verdict: outcome === 'differs' ? 'contradicted' : outcome, searches };
}
