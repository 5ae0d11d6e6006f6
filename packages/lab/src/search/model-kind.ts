// SPDX-License-Identifier: MIT
import type { SearchModel, Symmetry, WorldBackend, WorldSpec } from '@sda-lab/conformance';
import type { Strategy } from '@sda-lab/guest-memory';
import type { BoundName, SearchRequest, SymmetryName } from './search-request.ts';

/** A model over one strategy, ready to be searched. */
export interface PreparedModel {
  readonly model: SearchModel;
  /** In which the operations of a counterexample are a history. */
  readonly world: WorldSpec;
  readonly symmetry: Symmetry | undefined;
}

/** Bounds as they were given on the command line. */
export interface GivenBounds {
  readonly pages: number;
  readonly containers?: number | undefined;
  readonly blocks?: number | undefined;
  readonly faults?: number | undefined;
}

export type Bounds = Pick<SearchRequest, 'containers' | 'blocks' | 'faults'>;

/** What can be searched, and what it makes of a strategy and a request. */
export interface ModelKind {
  readonly defaultPages: number;
  readonly mostPages: number;
  readonly bounds: readonly BoundName[];
  /** By symmetry: undefined where a strategy may have it, or why no strategy has. */
  readonly whyNoSymmetry: Readonly<Record<SymmetryName, string | undefined>>;
  /** Searched when no strategy is named. */
  readonly strategyIds: readonly string[];
  /** Backends whose expectations it is held against; none: nothing is expected of it. */
  backends(request: SearchRequest): readonly WorldBackend[];
  /** The bounds with defaults filled in; wrong use where there is no such model. */
  settle(given: GivenBounds): Bounds;
  /** What is searched, for people. */
  describe(request: SearchRequest): string;
  prepare(strategy: Strategy, request: SearchRequest): PreparedModel;
}

/** `1 page`, `3 pages`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
