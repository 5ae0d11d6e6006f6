// SPDX-License-Identifier: MIT
/**
 * How far a search of worlds goes, and the world that stands for it.
 *
 * Of P pages one at least is boot RAM; the others belong to a virtio-mem device of B blocks, as large as a power of two
 * allows. A design that takes no virtio-mem is searched with boot RAM alone. Containers take turns with the two kernel
 * interfaces, or with whatever backends are named.
 */
import { assert, type Regime, type Strategy } from '@sda-lab/guest-memory';
import { KERNEL_BACKENDS, type WorldBackend, type WorldSpec, worldSpec } from '../../world/world-spec.ts';

export interface WorldBound {
  /** Guest pages over boot RAM and virtio-mem. */
  readonly pages: number;
  readonly containers: number;
  /** Blocks of the virtio-mem device; 0 for no device. */
  readonly blocks: number;
  /**
   * Refusals inside one operation: at most this many of the kinds of calls (maps and unmaps of each container) have one
   * call refused. A history may meet as many in each of its operations.
   */
  readonly faults: number;
  readonly regime: Regime;
  /** Of the containers, in turn. @defaultValue the two kernel interfaces */
  readonly backends?: readonly WorldBackend[];
}

/** The bound of the published tables. */
export const STANDARD_BOUND: WorldBound = { pages: 3, containers: 2, blocks: 2, faults: 1, regime: 'two-backend' };

/** More pages than this make more words and states than a search can hold. */
export const MOST_WORLD_PAGES = 16;
export const MOST_CONTAINERS = 4;

/** Why there is no such world; undefined when there is. */
export function whyNoWorld({ pages, blocks }: WorldBound): string | undefined {
  return blocks < pages ? undefined : `${pages} pages leave no page of boot RAM beside ${blocks} blocks`;
}

export function boundedWorld(bound: WorldBound, { capabilities }: Strategy): WorldSpec {
  assert(whyNoWorld(bound) === undefined, 'the bound fits a world');
  const { pages, containers, blocks, regime, backends = KERNEL_BACKENDS } = bound;
  const hasDevice = capabilities.virtioMem && blocks > 0;
  const blockPages = hasDevice ? 2 ** Math.floor(Math.log2((pages - 1) / blocks)) : 0;
  return worldSpec({
    regime,
    containers: Array.from({ length: containers }, (_, at) => ({
      name: `c${at}`,
      backend: backends[at % backends.length]!,
    })),
    pages: pages - blocks * blockPages,
    ...(hasDevice && { vmem: [{ blockCount: blocks, blockPages }] }),
  });
}
