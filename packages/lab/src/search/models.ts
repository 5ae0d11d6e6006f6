// SPDX-License-Identifier: MIT
/** The models that can be searched: what each makes of a strategy and a request. */
import {
  createPerPageModel,
  MOST_PAGES,
  pageWorld,
  provePageSymmetry,
  type SearchModel,
  type Symmetry,
  type WorldSpec,
} from '@sda-lab/conformance';
import type { Strategy } from '@sda-lab/guest-memory';
import { UsageError } from '../usage-error.ts';
import type { BoundName, ModelId, SearchRequest, SymmetryName } from './search-request.ts';

export interface PreparedModel {
  readonly model: SearchModel;
  /** In which the operations of a counterexample are a history. */
  readonly world: WorldSpec;
  readonly symmetry: Symmetry | undefined;
}

interface ModelKind {
  readonly what: string;
  readonly defaultPages: number;
  readonly mostPages: number;
  readonly bounds: readonly BoundName[];
  readonly symmetries: readonly SymmetryName[];
  /** Searched when no strategy is named. */
  readonly strategyIds: readonly string[];
  prepare(strategy: Strategy, request: SearchRequest): PreparedModel;
}

export const MODELS: Readonly<Record<ModelId, ModelKind>> = {
  'per-page': {
    what: 'pages one by one, two devices, every refusal of one map',
    defaultPages: 3,
    mostPages: MOST_PAGES,
    bounds: [],
    symmetries: ['pages'],
    strategyIds: ['extended-rdm'],
    prepare: (strategy, { pages, without, symmetry }) => {
      const options = { pages, without: new Set(without) };
      const model = createPerPageModel(strategy, options);
      const world = pageWorld(pages, model.machine.hasSource);
      if (!symmetry.includes('pages')) return { model, world, symmetry: undefined };
      const proven = provePageSymmetry(strategy, options);
      if ('symmetry' in proven) return { model, world, symmetry: proven.symmetry };
      throw new UsageError(`--symmetry pages cannot be used with ${strategy.id}: ${proven.whyNot}`);
    },
  },
};
