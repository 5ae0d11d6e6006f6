// SPDX-License-Identifier: MIT
/**
 * Why a claim that holds in every searched bound is left to random search: a history is known in which it falls, and this
 * is what that history has and the nearest of the bounds has not. No reason means that the history lies within a bound
 * that was searched to its end, and one of the two is wrong.
 */
import { boundedWorld, type History, printHistory, type WorldSpec } from '@sda-lab/conformance';
import { whyOutside } from '../search/why-beyond.ts';
import type { Claim } from './claim.ts';
import { fallsIn } from './falls-in.ts';
import { boundsOf, type ExhaustBound, RUNG_IDS } from './ladder.ts';
import { simplifyHistory } from './simplify-history.ts';

export interface Beyond {
  /** As simple as it gets. */
  readonly history: string;
  readonly reasons: readonly string[];
}

export function whyRandom(claim: Claim, known: History): Beyond {
  const history = simplifyHistory(withMigrationFinished(claim, known), (tried) => fallsIn(claim, tried) !== undefined);
  const own = [...whyAtTheEnd(claim, history), ...whyNoState(claim, history)];
  const reasons = RUNG_IDS.flatMap((rung) => boundsOf(rung, claim))
    .map((bound) => [...whyNotWithin(history, claim, bound), ...own])
    .toSorted((one, other) => one.length - other.length);
  return { history: printHistory(history), reasons: reasons[0]! };
}

/** What a history has that the worlds of a bound have not. */
export function whyNotWithin(history: History, { carrier }: Pick<Claim, 'carrier'>, bound: ExhaustBound): string[] {
  const { world } = history;
  const searched = boundedWorld(bound, carrier);
  const outside = whyOutside(history, carrier, bound);
  const isMore = outside.some((reason) => reason.endsWith('of RAM'));
  return [
    ...outside,
    ...(world.regime === bound.regime ? [] : [`the ${world.regime} regime`]),
    ...(isMore ? [] : whyOtherShape(world, searched)),
  ];
}

/** As many pages, and laid out differently. */
function whyOtherShape({ pages, vmem }: WorldSpec, searched: WorldSpec): string[] {
  const [device] = vmem;
  const [own] = searched.vmem;
  const hasLargerBlocks = device !== undefined && own !== undefined && device.blockPages > own.blockPages;
  return [
    ...(pages > searched.pages ? [`${pages} pages of boot RAM beside its devices`] : []),
    ...(hasLargerBlocks ? [`blocks of ${device.blockPages} pages`] : []),
  ];
}

/** A migration that runs where a history ends is finished there, which an operation can do as well. */
function withMigrationFinished(claim: Claim, history: History): History {
  const finished: History = { ...history, operations: [...history.operations, { op: 'migrate', step: 'finish' }] };
  const last = history.operations.findLast(({ op }) => op === 'migrate');
  const isRunning = last?.op === 'migrate' && last.step === 'start';
  return isRunning && fallsIn(claim, finished) !== undefined ? finished : history;
}

/** Where a history ends everything is healed and detached, and blocks go; a search has no end of its own. */
function whyAtTheEnd(claim: Claim, history: History): string[] {
  const isAtEnd = (fallsIn(claim, history)?.operationIndex ?? 0) >= history.operations.length;
  return isAtEnd ? ['it is seen at the end of a history only'] : [];
}

/** A search takes a clean page for sent as it is now, which is right for devices that are quiet while a migration runs. */
function whyNoState({ parts }: Claim, { operations }: History): string[] {
  const start = operations.findIndex((operation) => operation.op === 'migrate' && operation.step === 'start');
  const isLoud = start !== -1 && operations.slice(start).some(({ op }) => op === 'plug' || op.startsWith('unplug'));
  return isLoud && parts?.deviceSteps !== undefined ? ['what a running migration has sent is no state of a search'] : [];
}
