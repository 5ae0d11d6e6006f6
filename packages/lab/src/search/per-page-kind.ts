// SPDX-License-Identifier: MIT
import {
  createPerPageModel,
  MOST_PAGES,
  type PageSymmetry,
  pageWorld,
  proveContainerSymmetry,
  provePageSymmetry,
  type Symmetry,
} from '@sda-lab/conformance';
import type { Strategy } from '@sda-lab/guest-memory';
import { UsageError } from '../usage-error.ts';
import { counted, type ModelKind } from './model-kind.ts';
import type { SearchRequest, SymmetryName } from './search-request.ts';

/** Pages one by one through the ports, without a world around: a benchmark with counts that are known. */
export const perPageKind: ModelKind = {
  defaultPages: 3,
  mostPages: MOST_PAGES,
  bounds: ['everyStep'],
  whyNoSymmetry: { pages: undefined, containers: undefined },
  strategyIds: ['extended-rdm'],
  backends: () => [],
  settle: () => ({ containers: null, blocks: null, faults: null }),
  describe: ({ pages }) => `${counted(pages, 'page')} one by one, two devices, every refusal of one map`,
  prepare: (strategy, request) => {
    const { pages, without, everyStep } = request;
    const model = createPerPageModel(strategy, { pages, without: new Set(without), everyStep });
    return { model, world: pageWorld(pages, model.machine.hasSource), symmetry: symmetryOf(strategy, request) };
  },
};

function symmetryOf(strategy: Strategy, { pages, without, symmetry }: SearchRequest): Symmetry | undefined {
  const options = { pages, without: new Set(without) };
  const proven = <S>(name: SymmetryName, proof: { readonly symmetry: S } | { readonly whyNot: string }): S => {
    if ('symmetry' in proof) return proof.symmetry;
    throw new UsageError(`--symmetry ${name} cannot be used with ${strategy.id}: ${proof.whyNot}; search it without`);
  };
  let ofPages: PageSymmetry | undefined;
  if (symmetry.includes('pages')) ofPages = proven('pages', provePageSymmetry(strategy, options));
  if (!symmetry.includes('containers')) return ofPages;
  return proven('containers', proveContainerSymmetry(strategy, options, ofPages));
}
