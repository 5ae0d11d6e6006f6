// SPDX-License-Identifier: MIT
/** One search, set up and told in plain data; runs in whatever thread calls it. */
import { type Operation, Search, type SearchResult, type ShardPart, type WorldSpec } from '@sda-lab/conformance';
import { findStrategies } from '../command-line/find-strategies.ts';
import type { PreparedModel } from './model-kind.ts';
import { MODELS } from './models.ts';
import type { SearchJob, SearchRequest } from './search-request.ts';

/** States that are reached anew at the end of every search, to see that words and `load` leave nothing out. */
const RECHECKED_STATES = 64;
/** By re-execution a search has no end of its own. */
const DEPTH_BY_RE_EXECUTION = 4;

/** What a search found; `part` of a shard only. */
export interface JobResult {
  readonly result: SearchResult<Operation>;
  readonly part: ShardPart | null;
  readonly world: WorldSpec;
}

export interface RunningJob {
  readonly search: Search;
  finish(): JobResult;
}

/** Whether its search can be divided into shards: states are handed over as words. */
export function canBeDivided(strategyId: string, request: SearchRequest): boolean {
  return request.depth === null && prepare(strategyId, { ...request, symmetry: [] }).model.load !== undefined;
}

export function startJob({ request, strategyId, shard, maxBytes }: SearchJob): RunningJob {
  const { model, world, symmetry } = prepare(strategyId, request);
  const search = new Search(model, {
    maxDepth: request.depth ?? (model.load === undefined ? DEPTH_BY_RE_EXECUTION : Infinity),
    maxBytes,
    symmetry,
    shard: shard ?? undefined,
    recheckedStates: RECHECKED_STATES,
  });
  return {
    search,
    finish: () => {
      if (shard === null) return { result: search.result(), part: null, world };
      const { part, ...result } = search.shardResult();
      return { result, part, world };
    },
  };
}

function prepare(strategyId: string, request: SearchRequest): PreparedModel {
  const [strategy] = findStrategies([strategyId]);
  return MODELS[request.model].prepare(strategy!, request);
}
