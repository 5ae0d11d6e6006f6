// SPDX-License-Identifier: MIT
import type { Hole, Property, RestoredBy } from './search-model.ts';

/** Why something within the bounds stayed unexplored. `found`: what the search was for was found, and it ended there. */
export type Cut = 'depth' | 'memory' | 'interrupt' | 'found' | Hole;

export interface Counterexample<Label> {
  readonly property: Property;
  /** Transitions. */
  readonly depth: number;
  /** What they are called, from the first state on. */
  readonly labels: readonly Label[];
  /** What is wrong at its end. */
  readonly explanation: string;
}

/** What the states kept by a reduction stand for. */
export interface Coverage {
  readonly states: number;
  readonly transitions: number;
}

export interface SearchResult<Label> {
  /** Nothing within the bounds is unexplored. */
  readonly complete: boolean;
  /** Why not; undefined when it is complete. */
  readonly cut: Cut | undefined;
  readonly by: RestoredBy;
  readonly states: number;
  readonly transitions: number;
  /** Transitions from the first state to the last one met. */
  readonly depth: number;
  readonly bytes: number;
  /** With a reduction, what would have been explored without. */
  readonly covers: Coverage | undefined;
  /** The nearest violation per property, in the order of the model's `always`. */
  readonly counterexamples: readonly Counterexample<Label>[];
  /** Whether no violation is nearer than those; not known when a merged search met shortcuts. */
  readonly isShortest: boolean;
  /** Every `sometimes` that is owed and never happened; none of an invariant that was broken. */
  readonly unwitnessed: readonly string[];
  /** Every `sometimes` that is not owed, with the capability that excludes it. */
  readonly excluded: readonly { readonly name: string; readonly by: string }[];
}

/** Broken, if anything is; else unknown, unless everything was explored and every `sometimes` happened. */
export function searchVerdict(result: SearchResult<unknown>): 'holds' | 'broken' | 'unknown' {
  if (result.counterexamples.length > 0) return 'broken';
  return result.complete && result.unwitnessed.length === 0 ? 'holds' : 'unknown';
}
