// SPDX-License-Identifier: MIT
/** Searches of some strategies, as the document of `search --json`. */
import { mergeShards, type Shard } from '@sda-lab/conformance';
import { describeStrategy } from './describe-strategy.ts';
import { canBeDivided } from './job.ts';
import { runHere, type TimedResult, type Watch } from './run-here.ts';
import { runInThreads } from './run-in-threads.ts';
import { SEARCH_SCHEMA_ID, type SearchDocument, type SearchedStrategy } from './search-document.ts';
import type { SearchJob, SearchRequest } from './search-request.ts';

const MIB_BYTES = 2 ** 20;

export interface SearchOrder {
  readonly request: SearchRequest;
  readonly strategyIds: readonly string[];
  /** How many searches, or shards of one, run at a time. */
  readonly workers: number;
  /** The only part that is wanted; null for all. */
  readonly shard: Shard | null;
}

export async function searchStrategies(order: SearchOrder, watch: Watch): Promise<SearchDocument> {
  const { request, strategyIds, workers } = order;
  const jobs = jobsOf(order);
  const start = performance.now();
  const results = workers === 1 ? await runHere(jobs, watch) : await runInThreads(jobs, workers, watch);
  const seconds = (performance.now() - start) / 1000;
  return {
    schema: SEARCH_SCHEMA_ID,
    request: { ...request, symmetry: [...request.symmetry], without: [...request.without] },
    strategies: strategyIds.map((id) => describe(id, request, results, seconds)),
  };
}

/** Fewer strategies than workers: those that can be divided are searched in as many shards as there are workers. */
function jobsOf({ request, strategyIds, workers, shard }: SearchOrder): SearchJob[] {
  const whole = [shard];
  const divided = Array.from({ length: workers }, (_, index) => ({ index, of: workers }));
  const isSpread = shard === null && strategyIds.length < workers;
  const plan = strategyIds.map((strategyId) => {
    const shards = isSpread && canBeDivided(strategyId, request) ? divided : whole;
    return { strategyId, shards };
  });
  const jobCount = plan.reduce((sum, { shards }) => sum + shards.length, 0);
  const maxBytes = Math.floor((request.memoryMiB * MIB_BYTES) / Math.min(workers, jobCount));
  return plan.flatMap(({ strategyId, shards }) => shards.map((one) => ({ request, strategyId, shard: one, maxBytes })));
}

/** One search as it is; shards that ran side by side took as long as all of it. */
function describe(id: string, request: SearchRequest, results: readonly TimedResult[], secondsOfAll: number): SearchedStrategy {
  const own = results.filter(({ job }) => job.strategyId === id);
  const [first] = own;
  const { without } = request;
  if (own.length === 1) return describeStrategy({ id, without, ...first! });
  const shards = own.map(({ result, part }) => ({ ...result, part: part! }));
  return describeStrategy({ id, without, world: first!.world, result: mergeShards(shards), seconds: secondsOfAll, part: null });
}
