// SPDX-License-Identifier: MIT
/**
 * Whether the suite finds a mutant. It is killed by a history in which the judge sees the invariant fall that the mutant
 * names, and does not see it fall for the carrier: on the two kernel interfaces first and elsewhere only where the
 * mutant lives, named cases before random histories. Wrong answers alone kill nobody.
 *
 * A mutant with a proof is searched for any invariant that falls, on every backend and regime its carrier has; none
 * found, it is equivalent. Without a proof and
 * without a kill it survives, and the suite is too weak.
 */
import {
  CASES,
  type ConformanceCase,
  explain,
  type History,
  KERNEL_BACKENDS,
  printHistory,
  runHistory,
  shortenWhile,
  type Violation,
  WORLD_BACKENDS,
} from '@sda-lab/conformance';
import { HistoryPool, type Place } from './history-pool.ts';
import type { Mutant } from './mutant.ts';

export interface JudgeOptions {
  /** Random histories over all places of a mutant, after the cases. @defaultValue 2000 */
  readonly runs?: number;
  /** @defaultValue 1 */
  readonly seed?: number;
  /** @defaultValue all */
  readonly cases?: readonly ConformanceCase[];
  /** Shared with other mutants, it saves making the same histories again. @defaultValue one of its own */
  readonly pool?: HistoryPool;
}

export interface Kill extends Place {
  /** Case id, or `property seed=N`. */
  readonly killedBy: string;
  /** Shortened: every operation left is needed. */
  readonly history: string;
  readonly explanation: string;
}

export type Judgement =
  | ({ readonly status: 'killed' } & Kill)
  | { readonly status: 'equivalent'; readonly proof: string }
  | { readonly status: 'survivor' };

interface Attempt extends Place {
  readonly by: string;
  readonly history: History;
}

export function judgeMutant(mutant: Mutant, options: JudgeOptions = {}): Judgement {
  const pool = options.pool ?? new HistoryPool();
  for (const attempt of attempts(mutant, pool, options)) {
    const violation = findOwn(mutant, pool, attempt.history);
    if (violation !== undefined) return { status: 'killed', ...killOf(mutant, pool, attempt, violation) };
  }
  return mutant.proof === undefined ? { status: 'survivor' } : { status: 'equivalent', proof: mutant.proof };
}

/**
 * Cases that attach by themselves were written for what they show: they come first, those about the invariant ahead, those
 * of what no released kernel offers behind; those with one operation inside another come last. Of the others, the simplest worlds of each come before the rest of any.
 */
function* attempts(mutant: Mutant, pool: HistoryPool, options: JudgeOptions): Generator<Attempt> {
  const { runs = 2000, seed = 1, cases = CASES } = options;
  const { carrier } = mutant;
  const places = placesOf(mutant);
  // A world without containers is the same on every backend; what is left out was tried on the first.
  const isNewAt = (place: Place) => (history: History): boolean =>
    place.backend === places[0]!.backend || history.world.containers.length > 0;
  const rank = ({ setUp, about, needs, isNested }: ConformanceCase): number =>
    (isNested ? 8 : 0) + (setUp === 'as-written' ? 0 : 4) + (needs.includes('tdisp') ? 2 : 0) + (about === mutant.breaks ? 0 : 1);
  const ordered = cases.toSorted((a, b) => rank(a) - rank(b));
  for (const [first, end] of [[0, SIMPLEST], [SIMPLEST]]) {
    for (const testCase of ordered) {
      for (const place of places) {
        const histories = pool.ofCase(testCase, carrier, place).slice(first, end).filter(isNewAt(place));
        for (const history of histories) yield { by: testCase.id, history, ...place };
      }
    }
  }
  for (const place of places) {
    const histories = pool.random(carrier, place, seed, Math.ceil(runs / places.length)).filter(isNewAt(place));
    for (const history of histories) yield { by: `property seed=${seed}`, history, ...place };
  }
}

/** That nothing changes is claimed of everywhere. */
function placesOf({ carrier, proof, ...lives }: Mutant): readonly Place[] {
  const { backends = proof === undefined ? KERNEL_BACKENDS : WORLD_BACKENDS } = lives;
  const { regimes = carrier.capabilities.regimes } = lives;
  return backends.flatMap((backend) => regimes.map((regime): Place => ({ backend, regime })));
}

/** No container and one, stopping and retrying, with virtio-mem beside it and without. */
const SIMPLEST = 8;

/** What falls for the mutant and, in the same history, not for its carrier. */
function findOwn(mutant: Mutant, pool: HistoryPool, history: History): Violation | undefined {
  const found = violationsOf(mutant, history).filter(
    ({ invariant }) => mutant.proof !== undefined || invariant === mutant.breaks,
  );
  if (found.length === 0) return undefined;
  const excused = pool.brokenBy(mutant.carrier, history);
  return found.find(({ invariant }) => !excused.has(invariant));
}

function violationsOf({ strategy, parts }: Mutant, history: History): readonly Violation[] {
  return runHistory(strategy, history, parts === undefined ? {} : { parts }).violations;
}

function killOf(mutant: Mutant, pool: HistoryPool, { by, history, backend, regime }: Attempt, violation: Violation): Kill {
  const { reason } = violation.evidence;
  const shortest = shortenWhile(history, (tried) => findOwn(mutant, pool, tried)?.evidence.reason === reason);
  const shown = findOwn(mutant, pool, shortest)!;
  return { killedBy: by, history: printHistory(shortest), backend, regime, explanation: explain(shown, shortest) };
}
