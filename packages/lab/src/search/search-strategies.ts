// SPDX-License-Identifier: MIT
/** Searches of some strategies, as the document of `search --json`. */
import { mergeShards, type Shard } from '@sda-lab/conformance';
import { loadExpectations } from '../expectations.ts';
import { compareSearch } from './compare-search.ts';
import { describeStrategy } from './describe-strategy.ts';
import { canBeDivided } from './job.ts';
import { isOffered, notApplicable } from './not-applicable.ts';
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
  const strategies = strategyIds.map((id) =>
    isOffered(id, request) ? describe(id, request, results, seconds) : notApplicable(id, request),
  );
  return {
    schema: SEARCH_SCHEMA_ID,
    request: { ...request, symmetry: [...request.symmetry], without: [...request.without] },
    strategies,
    ...compareSearch(request, strategies, loadExpectations()),
  };
}

/** Fewer strategies than workers: those that can be divided are searched in as many shards as there are workers. */
function jobsOf({ request, strategyIds, workers, shard }: SearchOrder): SearchJob[] {
  const searched = strategyIds.filter((id) => isOffered(id, request));
  const whole = [shard];
  const divided = Array.from({ length: workers }, (_, index) => ({ index, of: workers }));
  const isSpread = shard === null && searched.length < workers;
  const plan = searched.flatMap((strategyId) => {
    const shards = isSpread && canBeDivided(strategyId, request) ? divided : whole;
    return shards.map((one) => ({ strategyId, shard: one }));
  });
  const jobCount = plan.length;
  const maxBytes = Math.floor((request.memoryMiB * MIB_BYTES) / Math.max(1, Math.min(workers, jobCount)));
  return plan.map((one, at) => ({ ...one, request, maxBytes, number: at + 1, jobCount }));
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
