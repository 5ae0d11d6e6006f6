// SPDX-License-Identifier: MIT
import {
  createWorldModel,
  KERNEL_BACKENDS,
  MOST_CONTAINERS,
  MOST_WORLD_PAGES,
  STANDARD_BOUND,
  whyNoWorld,
  type WorldBackend,
  type WorldBound,
} from '@sda-lab/conformance';
import type { Strategy } from '@sda-lab/guest-memory';
import { STRATEGIES } from '../strategies.ts';
import { UsageError } from '../usage-error.ts';
import { type Bounds, counted, type GivenBounds, type ModelKind } from './model-kind.ts';
import type { SearchRequest } from './search-request.ts';

/** Whole worlds: every operation in every state, with the judge that runs histories. */
export const worldKind: ModelKind = {
  defaultPages: STANDARD_BOUND.pages,
  mostPages: MOST_WORLD_PAGES,
  bounds: ['containers', 'blocks', 'faults', 'regime', 'races'],
  whyNoSymmetry: {
    pages: 'operations over runs of pages keep their order',
    containers: 'its containers take turns with two kernel interfaces, so that they are not alike',
  },
  strategyIds: STRATEGIES.map(({ id }) => id),
  backends: (request) => [...new Set(backendsOf(boundOf(request).containers))],
  settle,
  describe,
  prepare: (strategy, request) => {
    const { races } = request;
    if (races && !hasWords(strategy, request)) {
      throw new UsageError(`--races cannot be used with ${strategy.id}: its state cannot be stored in words; search it without`);
    }
    const model = createWorldModel(strategy, { ...boundOf(request), races, without: new Set(request.without) });
    return { model, world: model.spec, symmetry: undefined };
  },
};

/** Fewer pages than the standard bound leave room for fewer blocks. */
function settle({ pages, containers = STANDARD_BOUND.containers, blocks, faults = STANDARD_BOUND.faults }: GivenBounds): Bounds {
  if (containers > MOST_CONTAINERS) {
    throw new UsageError(`--containers ${containers}: --model world takes 1 to ${MOST_CONTAINERS} containers`);
  }
  // One call of each kind, map and unmap, in each container.
  const mostFaults = 2 * containers;
  if (faults > mostFaults) {
    const what = `of ${counted(containers, 'container')} at most ${mostFaults} calls of one operation are refused`;
    throw new UsageError(`--faults ${faults}: ${what}, one map and one unmap of each; give 0 to ${mostFaults}`);
  }
  const settled = { containers, faults, blocks: blocks ?? Math.min(STANDARD_BOUND.blocks, pages - 1) };
  const whyNot = whyNoWorld({ ...STANDARD_BOUND, ...settled, pages });
  if (whyNot === undefined) return settled;
  throw new UsageError(`--blocks ${settled.blocks}: ${whyNot}; give at most ${pages - 1}, or more --pages`);
}

function describe(request: SearchRequest): string {
  const { pages, containers, blocks, faults, regime } = boundOf(request);
  const backends = backendsOf(containers);
  return [
    counted(pages, 'page'),
    `${backends.length === 1 ? 'a container' : 'containers'} of ${backends.join(' and ')}`,
    blocks === 0 ? 'no virtio-mem' : `a virtio-mem of ${counted(blocks, 'block')}`,
    faults === 0 ? 'no refusals' : `up to ${counted(faults, 'refusal')} in each operation`,
    ...(request.races ? ['operations inside operations (nested, bound 1)'] : []),
    regime,
  ].join(', ');
}

function hasWords(strategy: Strategy, request: SearchRequest): boolean {
  return createWorldModel(strategy, { ...boundOf(request), without: new Set(request.without) }).load !== undefined;
}

function backendsOf(containers: number): WorldBackend[] {
  return Array.from({ length: containers }, (_, at) => KERNEL_BACKENDS[at % KERNEL_BACKENDS.length]!);
}

function boundOf({ pages, containers, blocks, faults, regime }: SearchRequest): WorldBound {
  const standard = STANDARD_BOUND;
  return {
    pages,
    containers: containers ?? standard.containers,
    blocks: blocks ?? standard.blocks,
    faults: faults ?? standard.faults,
    regime,
  };
}
