// SPDX-License-Identifier: MIT
/**
 * Decides a claim by exhaustion: whether an invariant falls by a mistake, in every history up to a bound. A violation
 * counts where the carrier does not break the same invariant in the same history; where it breaks it in the bound at all,
 * both go through every history in lockstep.
 *
 * `falls` comes with a shortest history of its bound, `holds` after a search of every rung to its end. Where a search did
 * not get to its end the outcome is `unknown`.
 */
import {
  createLockstepModel,
  createWorldModel,
  INVARIANTS,
  type Operation,
  printHistory,
  Search,
  type SearchModel,
  type SearchResult,
} from '@sda-lab/conformance';
import type { Claim } from './claim.ts';
import { boundsOf, type ExhaustBound, RUNG_IDS, type RungId } from './ladder.ts';

/** A search as it went. */
export interface Searched {
  readonly bound: ExhaustBound;
  readonly complete: boolean;
  readonly states: number;
  readonly transitions: number;
  /** Both designs went through each history. */
  readonly lockstep: boolean;
}

export interface Fall extends Searched {
  readonly depth: number;
  readonly history: string;
  readonly explanation: string;
}

export type Decision =
  | { readonly outcome: 'falls'; readonly fall: Fall; readonly searches: readonly Searched[] }
  | { readonly outcome: 'holds' | 'unknown'; readonly searches: readonly Searched[] };

export interface DecideOptions {
  /** @defaultValue all */
  readonly rungs?: readonly RungId[];
  /** States of one search; one that has more is not complete. @defaultValue DEFAULT_MAX_STATES */
  readonly maxStates?: number;
  /** Shared with other claims, it saves searching the same carriers again. @defaultValue one of its own */
  readonly carriers?: Carriers;
}

export const DEFAULT_MAX_STATES = 60_000;

/** States that are reached anew at the end of each search, to see that words leave nothing out. */
const RECHECKED_STATES = 32;
const STATES_AT_A_TIME = 4096;

export function decide(claim: Claim, options: DecideOptions = {}): Decision {
  const { rungs = RUNG_IDS, carriers = new Carriers() } = options;
  const searches: Searched[] = [];
  for (const bound of rungs.flatMap((rung) => boundsOf(rung, claim))) {
    const searched = searchBound(claim, bound, { ...options, carriers });
    if (searched === undefined) continue;
    searches.push(searched);
    if (isFall(searched)) return { outcome: 'falls', fall: searched, searches };
  }
  return { outcome: searches.every(({ complete }) => complete) ? 'holds' : 'unknown', searches };
}

/** Undefined where there is no such search: races are not held against a carrier that breaks the invariant. */
function searchBound(claim: Claim, bound: ExhaustBound, options: DecideOptions): Searched | Fall | undefined {
  const { strategy, carrier, without, parts } = claim;
  const wanted = maskOf(claim);
  const lockstep = options.carriers!.breaks(claim, bound, options);
  if (lockstep && bound.races) return undefined;
  // What is excused in one history counts in another.
  const changed = { ...bound, ...(without && { without }), ...(parts && { parts }), asksAlways: lockstep };
  const mutant = createWorldModel(strategy, changed);
  const model: SearchModel = lockstep
    ? createLockstepModel({ mutant, carrier: createWorldModel(carrier, { ...bound, asksAlways: true }), wanted })
    : mutant;
  const result = searchUntil(model, wanted, options);
  const { complete, states, transitions } = result;
  const searched = { bound, complete, states, transitions, lockstep };
  const found = result.counterexamples.find(({ property }) => property.invariant === claim.invariant);
  if (found === undefined) return searched;
  const { depth, labels, explanation } = found;
  return { ...searched, depth, history: printHistory({ world: mutant.spec, operations: labels }), explanation };
}

function isFall(searched: Searched | Fall): searched is Fall {
  return 'history' in searched;
}

/** What carriers break themselves: searched once per bound and invariant. */
export class Carriers {
  readonly #known = new Map<string, boolean>();

  /** Whether the carrier breaks the claim's invariant in the bound, or may: its own search was cut. */
  breaks(claim: Claim, bound: ExhaustBound, options: DecideOptions): boolean {
    const { carrier, invariant } = claim;
    const key = JSON.stringify([carrier.id, invariant, bound]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const { complete } = searchUntil(createWorldModel(carrier, bound), maskOf(claim), options);
    this.#known.set(key, !complete);
    return !complete;
  }
}

export function searchUntil(model: SearchModel, until: number, { maxStates = DEFAULT_MAX_STATES }: DecideOptions): SearchResult<Operation> {
  const search = new Search(model, { until, maxStates, recheckedStates: RECHECKED_STATES });
  while (search.advance(STATES_AT_A_TIME));
  return search.result();
}

/** Both reaches of the invariant. */
function maskOf({ invariant }: Claim): number {
  return 3 << (2 * INVARIANTS.indexOf(invariant));
}
