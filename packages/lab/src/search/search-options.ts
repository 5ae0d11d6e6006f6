// SPDX-License-Identifier: MIT
/** What the command line says, as a search that can be run; what makes no sense together is wrong use. */
import type { Shard } from '@sda-lab/conformance';
import type { Regime } from '@sda-lab/guest-memory';
import { UsageError } from '../usage-error.ts';
import { canBeDivided } from './job.ts';
import { MODELS } from './models.ts';
import { isOffered } from './not-applicable.ts';
import { type BoundName, MODEL_IDS, type ModelId, type SearchRequest, type SymmetryName } from './search-request.ts';
import type { SearchOrder } from './search-strategies.ts';

export interface SearchOptions {
  readonly model: ModelId;
  readonly pages?: number | undefined;
  readonly containers?: number | undefined;
  readonly blocks?: number | undefined;
  readonly faults?: number | undefined;
  readonly regime?: Regime | undefined;
  readonly races?: true | undefined;
  readonly everyStep?: true | undefined;
  readonly depth?: number | undefined;
  readonly symmetry?: readonly SymmetryName[] | undefined;
  readonly without?: readonly string[] | undefined;
  readonly workers: number;
  readonly shard?: Shard | undefined;
  readonly memory: number;
}

/** Options that only some models take. */
const FLAGS: Readonly<Record<BoundName, string>> = {
  containers: '--containers',
  blocks: '--blocks',
  faults: '--faults',
  regime: '--regime',
  races: '--races',
  everyStep: '--every-step',
};

/** `named`: ids from the command line, none for the model's own choice. */
export function orderOf(named: readonly string[], options: SearchOptions): SearchOrder {
  const { workers, shard = null } = options;
  const request = requestOf(named.length > 0, options);
  const strategyIds = named.length > 0 ? named : MODELS[request.model].strategyIds;
  if (shard !== null) checkShard(strategyIds, request);
  return { request, strategyIds, workers, shard };
}

function requestOf(named: boolean, options: SearchOptions): SearchRequest {
  const { model, symmetry = [], without = [], depth = null, memory, regime = 'two-backend' } = options;
  const { races = false, everyStep = false } = options;
  const kind = MODELS[model];
  const { pages = kind.defaultPages } = options;
  if (pages > kind.mostPages) throw new UsageError(`--pages ${pages}: --model ${model} takes 1 to ${kind.mostPages} pages`);
  for (const bound of Object.keys(FLAGS) as BoundName[]) {
    if (options[bound] === undefined || kind.bounds.includes(bound)) continue;
    const other = MODEL_IDS.find((id) => MODELS[id].bounds.includes(bound));
    throw new UsageError(`${FLAGS[bound]} cannot be used with --model ${model}; leave it out, or use --model ${other}`);
  }
  for (const name of symmetry) {
    const whyNot = kind.whyNoSymmetry[name];
    if (whyNot === undefined) continue;
    throw new UsageError(`--symmetry ${name} cannot be used with --model ${model}: ${whyNot}; search it without, or use --model per-page`);
  }
  const bounds = kind.settle({ ...options, pages });
  return { model, named, pages, ...bounds, regime, races, symmetry, everyStep, without, depth, memoryMiB: memory };
}

function checkShard(strategyIds: readonly string[], request: SearchRequest): void {
  if (request.depth !== null) {
    throw new UsageError('--shard cannot be used with --depth: a shard does not know how far a state is; leave one of them out');
  }
  const whole = strategyIds.find((id) => isOffered(id, request) && !canBeDivided(id, request));
  if (whole === undefined) return;
  throw new UsageError(`--shard cannot be used with ${whole}: its state cannot be stored in words; search it whole, with --depth`);
}
