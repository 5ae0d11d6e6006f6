// SPDX-License-Identifier: MIT
import type { Shard } from '@sda-lab/conformance';
import type { Regime } from '@sda-lab/guest-memory';

export const MODEL_IDS = ['world', 'per-page'] as const;
export type ModelId = (typeof MODEL_IDS)[number];

export const REGIMES = ['two-backend', 'in-place'] as const satisfies readonly Regime[];

export const SYMMETRIES = ['pages', 'containers'] as const;
export type SymmetryName = (typeof SYMMETRIES)[number];

/** Bounds beside pages and depth; each model says which it takes. */
export type BoundName = 'containers' | 'blocks' | 'faults' | 'regime' | 'races' | 'everyStep';

/** What is searched and how far, as plain data: it goes to threads and into the document. */
export interface SearchRequest {
  readonly model: ModelId;
  /** Whether strategies were named; without, what is found is compared with the expectations. */
  readonly named: boolean;
  readonly pages: number;
  /** Bounds of models that have them; null where the model has its own. */
  readonly containers: number | null;
  readonly blocks: number | null;
  readonly faults: number | null;
  readonly regime: Regime;
  readonly races: boolean;
  readonly symmetry: readonly SymmetryName[];
  /** Refusals that are known not to be met are stepped, too. */
  readonly everyStep: boolean;
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
  /** From 1, of all jobs of the call. */
  readonly number: number;
  readonly jobCount: number;
}
