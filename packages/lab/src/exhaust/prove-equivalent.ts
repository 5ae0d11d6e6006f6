// SPDX-License-Identifier: MIT
/**
 * The proof by exhaustion that a mutant changes nothing: through every history of every bound it goes as its carrier does,
 * step by step (twin-model.ts), on the two kernel interfaces together and on each other backend by itself.
 */
import { createTwinModel, createWorldModel, KERNEL_BACKENDS, WORLD_BACKENDS } from '@sda-lab/conformance';
import type { Claim } from './claim.ts';
import { type DecideOptions, searchUntil, type Searched } from './decide.ts';
import { boundsOf, type ExhaustBound, type RungId } from './ladder.ts';

export interface Equivalence {
  /** `differs`: some step is not as the carrier's. `unknown`: some search did not get to its end. */
  readonly outcome: 'equivalent' | 'differs' | 'unknown';
  readonly searches: readonly (Searched & { readonly differences: number })[];
}

/** More than a broken carrier has at the standard bound. */
export const MOST_PROOF_STATES = 4_000_000;

/** Those that mix backends come with the kernel interfaces, the others on every backend. */
const PROOF_RUNGS: readonly RungId[] = ['small', 'pair', 'aliases', 'standard'];

/** Carriers with millions of states at the standard bound: too many to go through twice at each step. */
const MANY_STATES: ReadonlySet<string> = new Set(['multi-source-rdm']);
const PROOF_RUNGS_OF_MANY: readonly RungId[] = ['small', 'pair', 'aliases'];

export function proveEquivalent(claim: Claim, options: DecideOptions = {}): Equivalence {
  const { rungs = MANY_STATES.has(claim.carrier.id) ? PROOF_RUNGS_OF_MANY : PROOF_RUNGS, maxStates = MOST_PROOF_STATES } = options;
  const searches = rungs.flatMap((rung) => proofBounds(rung, claim)).map((bound) => searchBoth(claim, bound, { maxStates }));
  const differs = searches.some(({ differences }) => differences > 0);
  const isWhole = searches.every(({ complete }) => complete);
  return { outcome: differs ? 'differs' : isWhole ? 'equivalent' : 'unknown', searches };
}

function proofBounds(rung: RungId, { kind, regimes }: Claim): ExhaustBound[] {
  const mixed = boundsOf(rung, { kind, regimes, backends: KERNEL_BACKENDS });
  const isMixed = mixed.some(({ backends }) => backends.length > 1);
  return isMixed ? mixed : boundsOf(rung, { kind, regimes, backends: WORLD_BACKENDS });
}

function searchBoth({ strategy, carrier, parts }: Claim, bound: ExhaustBound, options: DecideOptions): Equivalence['searches'][number] {
  const changed = createWorldModel(strategy, { ...bound, ...(parts && { parts }) });
  const model = createTwinModel(changed, createWorldModel(carrier, bound));
  const { complete, states, transitions } = searchUntil(model, 0, options);
  return { bound, complete, states, transitions, lockstep: true, differences: model.differences };
}
