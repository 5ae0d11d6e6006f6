// SPDX-License-Identifier: MIT
import type { Shard } from '@sda-lab/conformance';

export const MODEL_IDS = ['per-page'] as const;
export type ModelId = (typeof MODEL_IDS)[number];

export const SYMMETRIES = ['pages', 'containers'] as const;
export type SymmetryName = (typeof SYMMETRIES)[number];

/** Bounds beside pages and depth; each model says which it takes. */
export type BoundName = 'containers' | 'blocks' | 'faults' | 'races';

/** What is searched and how far, as plain data: it goes to threads and into the document. */
export interface SearchRequest {
  readonly model: ModelId;
  readonly pages: number;
  /** Bounds of models that have them; null where the model has not, or has its own. */
  readonly containers: number | null;
  readonly blocks: number | null;
  readonly faults: number | null;
  readonly races: boolean;
  readonly symmetry: readonly SymmetryName[];
  readonly without: readonly string[];
  /** Operations from the start; null for no bound. */
  readonly depth: number | null;
  /** For the states of all searches that run at a time. */
  readonly memoryMiB: number;
}

/** One search of one strategy, or one shard of it. */
export interface SearchJob {
  readonly request: SearchRequest;
  readonly strategyId: string;
  readonly shard: Shard | null;
  /** For this search alone. */
  readonly maxBytes: number;
}
