// SPDX-License-Identifier: MIT
/**
 * What can be searched: a system with numbered transitions whose whole state fits into a few 32-bit words.
 *
 * Lifecycle: `reset` -> `store`; then for each state `load` -> `step` per transition, with `store` and `load` after each
 * step that changed something. A model without `load` is searched by re-execution: `reset` and every step anew. Its
 * words must then tell apart whatever can make a difference later, a design's memory included; what a design was told
 * and answered (input-history.ts) is such a word.
 *
 * Numbers and masks only: a transition allocates nothing. Transitions that may lead to the same state (an operation, and
 * the same one with a refusal that it may not meet) are best numbered one after the other: a search looks there first.
 */
import type { Operation } from '../history/operation.ts';
import type { Invariant, Reach } from '../judge/invariant.ts';

/** It cannot be taken here. Nothing happened, and it does not count. */
export const NOT_ENABLED = 0;
/** Taken, and the state is what it was, in every word. */
export const SAME = 1;
/** Taken. The state may be another one; the search compares words. */
export const NEXT = 2;
/** Taken, and nothing can happen any more: the guest is gone. Has no next state. */
export const ENDED = 3;
/** Tried, and it turned out to be no transition: the call it was to refuse never came. Does not count. */
export const MISSED = 4;
/** Taken. Where it leads, other transitions lead too: nothing is recorded of it. */
export const KNOWN_NEXT = 5;
/** Not taken, since it is known to lead where another transition of this state led. Nothing happened, and it counts. */
export const TWIN = 6;
/** Which of the above. */
export const KIND_MASK = 7;
/** Beside SAME, NEXT or ENDED: `violated` says what is broken. */
export const VIOLATED = 8;

/** An `always`: what no transition may break. */
export interface Property {
  readonly invariant: Invariant;
  readonly reach: Reach;
}

/** The situation in which an `always` could fail; a search that never gets there has shown nothing. */
export interface Sometimes {
  readonly name: string;
  /** The declared capability that excludes it: then it is not owed. */
  readonly excludedBy?: string;
}

/** Bits of `violated` and `witnessed`. */
export const MOST_PROPERTIES = 31;

/**
 * `words`: a state did not fit its words, so that two may be taken for one. `blocked`: an operation inside another would
 * have waited half done, and where that leads nobody knows.
 */
export type Hole = 'words' | 'blocked';

export interface SearchModel<Label = Operation> {
  /** Words of a state. */
  readonly wordCount: number;
  /** Transitions are numbered from 0. */
  readonly transitionCount: number;
  /**
   * By transition, 1: it is on the spine, and every shard of a search steps it; 0: the shard that owns the state does.
   * On it belong those that lead to new states; what leads back to known ones (a refusal) does not.
   */
  readonly spine: Uint8Array;
  readonly always: readonly Property[];
  readonly sometimes: readonly Sometimes[];
  /** To the first state. */
  reset(): void;
  /** Writes all words. The same state gives the same words, whichever way led to it. */
  store(words: Int32Array, at: number): void;
  /** Back to a stored state, with everything that can make a difference. */
  load?(words: Int32Array, at: number): void;
  /** Why what was explored has a hole, once it has one: no search is complete then. @defaultValue there is none */
  readonly hole?: Hole | undefined;
  /**
   * The first transition from this one on that is not known to be NOT_ENABLED in the present state; `transitionCount` when
   * there is none. Saves steps. @defaultValue the same one
   */
  next?(transition: number): number;
  /** Takes one transition: its kind, and VIOLATED. */
  step(transition: number): number;
  /** After a step with VIOLATED: bit i stands for `always[i]`. */
  readonly violated: number;
  /** Bit i: `sometimes[i]` has happened, now or in any step before. */
  readonly witnessed: number;
  /** The transition as it would go in the present state, before it is taken. */
  label(transition: number): readonly Label[];
  /** After a step that broke `always[property]`: what is wrong now, in words. */
  explain(property: number): string;
}

/** How a search gets back to a state. */
export type RestoredBy = 'words' | 're-execution';

export function restoredBy(model: SearchModel<unknown>): RestoredBy {
  return model.load === undefined ? 're-execution' : 'words';
}
