// SPDX-License-Identifier: MIT
/**
 * The decisions of the manager with several sources, one function each, so that a wrong one can be written down as a
 * line and tried. Everything else in the manager is walking lists.
 *
 * Source: QEMU 11.1 (merge 9d526ed81d) system/ram-discard-manager.c.
 */
import { ERRNO, type Status } from '@sda-lab/guest-memory';
import type { RamDiscardSource } from './ram-discard-source.ts';
import type { Window } from './source-listener.ts';

/** One question to one source; the manager counts them. */
export type Ask = (source: RamDiscardSource, first: number, end: number) => boolean;

/** What makes the manager tell its listeners something. */
export type Occasion = 'populate' | 'discard' | 'discard-all' | 'add' | 'delete';

export interface ManagerSteps {
  /** Whether all of a range is populated, given who is asked. */
  isPopulated(asked: readonly RamDiscardSource[], first: number, end: number, ask: Ask): boolean;
  /** What the manager can tell apart. */
  granularityOf(sources: readonly RamDiscardSource[]): number;
  /** The granularity that counts while and after the sources change. */
  granularityWhile(change: 'add' | 'delete', before: number, after: number): number;
  granularityAfter(change: 'add' | 'delete', before: number, after: number): number;
  /** Where a chunk of a walk ends; the last one is cut to the range. */
  chunkEnd(first: number, granularity: number): number;
  /** Whether a source may join. */
  admit(sources: readonly RamDiscardSource[], source: RamDiscardSource): Status;
  /** Whose answers decide which runs the listeners hear of when `caller` has something to tell. */
  asked(occasion: Occasion, sources: readonly RamDiscardSource[], caller: RamDiscardSource): readonly RamDiscardSource[];
  /** What a listener hears of a run. */
  clip(window: Window, first: number, end: number): Window | undefined;
  /** The list with a new member, in the order of telling. */
  insert<T>(list: readonly T[], member: T): readonly T[];
  /** How many listeners, from the first told, hear a discard after the one at this index refused. */
  undoneCount(refusedAt: number): number;
  /** The order in which they hear it, given the order in which they were told. */
  undoOrder<T>(told: readonly T[]): readonly T[];
  /** Whether a new listener hears what is populated already. */
  replaysToNew: boolean;
  /** What a listener that goes hears as discarded. */
  discardedAtLeave(window: Window): Window | undefined;
  /** Where the walk over a source's own discarded blocks begins when it is added or deleted. */
  ownBlocksFrom(windowFirst: number, granularity: number): number;
}

export const QEMU_11_1_STEPS: ManagerSteps = {
  isPopulated: (asked, first, end, ask) => asked.every((source) => ask(source, first, end)),
  granularityOf: (sources) => (sources.length === 0 ? 0 : Math.min(...sources.map(({ granularity }) => granularity))),
  granularityWhile: (_change, before) => before,
  granularityAfter: (_change, _before, after) => after,
  // From the range's own beginning, aligned or not.
  chunkEnd: (first, granularity) => first + granularity,
  admit: (sources, source) => (sources.includes(source) ? -ERRNO.EBUSY : 0),
  // A caller has declared itself already, while its own state may follow only after the call.
  asked: (occasion, sources, caller) => (occasion === 'discard-all' ? [] : sources.filter((other) => other !== caller)),
  clip: (window, first, end) => {
    const clipped = { first: Math.max(window.first, first), end: Math.min(window.end, end) };
    return clipped.first < clipped.end ? clipped : undefined;
  },
  insert: (list, member) => [member, ...list],
  // With the refusing one.
  undoneCount: (refusedAt) => refusedAt + 1,
  undoOrder: (told) => told,
  replaysToNew: true,
  discardedAtLeave: (window) => window,
  ownBlocksFrom: (windowFirst, granularity) => windowFirst - (windowFirst % granularity),
};
