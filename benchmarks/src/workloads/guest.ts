// SPDX-License-Identifier: MIT
/**
 * A guest at work for a workload: a world of one container, driven by operations of histories, without the guard that
 * checks a design's calls (it is for designs that nobody knows yet).
 *
 * Lifecycle: built, all private -> operations -> counts, read once at the end.
 */
import { type Operation, World, type WorldInput, worldSpec } from '@sda-lab/conformance';
import { type CostMeter, PAGE_BYTES, type Strategy } from '@sda-lab/guest-memory';
import type { Storage } from './workload.ts';

export interface GuestOptions {
  readonly strategy: Strategy;
  readonly backend: 'type1v2' | 'iommufd';
  readonly storage: Storage;
  readonly judge: boolean;
  readonly guestBytes: number;
  /** Boot RAM is this much less then, and pages of the device come after it. */
  readonly vmem?: { readonly blockCount: number; readonly blockPages: number };
  readonly meter?: CostMeter;
}

/** How often each was asked of a guest so far. */
export interface GuestCounts {
  readonly calls: number;
  readonly notifications: number;
  readonly iotlbSyncs: number;
}

export const REQUEST_PAGES = 512;

export class Guest {
  readonly world: World;
  readonly pageCount: number;
  readonly bootPages: number;

  constructor({ strategy, backend, guestBytes, vmem, storage, judge, meter }: GuestOptions) {
    this.pageCount = guestBytes / PAGE_BYTES;
    this.bootPages = this.pageCount - (vmem === undefined ? 0 : vmem.blockCount * vmem.blockPages);
    const input: WorldInput = { pages: this.bootPages, containers: [{ name: 'c0', backend }], vmem: vmem === undefined ? [] : [vmem] };
    const options = { guard: false, storage, judge, ...(meter !== undefined && { meter }) };
    this.world = new World(worldSpec(input), strategy, options);
  }

  attach(): void {
    this.#succeed({ op: 'attach', container: 'c0' });
  }

  detach(): void {
    this.#succeed({ op: 'detach', container: 'c0' });
  }

  convert(page: number, count: number, to: 'shared' | 'private'): void {
    this.#succeed({ op: 'convert', page, count, to });
  }

  plug(block: number, count: number): void {
    const answer = this.world.apply({ op: 'plug', device: 'm0', block, count });
    if (answer !== 'ACK') throw new Error(`a workload needs blocks plugged, and ${block} to ${block + count} were answered ${answer}`);
  }

  /** In requests of 2 MiB, as a guest sends them; the last one may be shorter. */
  convertAll(firstPage: number, endPage: number, to: 'shared' | 'private'): void {
    for (let page = firstPage; page < endPage; page += REQUEST_PAGES) {
      this.convert(page, Math.min(REQUEST_PAGES, endPage - page), to);
    }
  }

  get counts(): GuestCounts {
    const { kernel, listener } = this.world.containers[0]!;
    return {
      calls: kernel.mapCalls + kernel.unmapCalls,
      notifications: listener.notificationCount,
      iotlbSyncs: kernel.costs.iotlbSyncs,
    };
  }

  get events(): number {
    return this.world.machine.eventCount;
  }

  /** Over all that can be counted; no number of a frame is in it, nor how the guest is stored. */
  get checksum(): number {
    const { memory, containers, judge } = this.world;
    const { kernel, listener } = containers[0]!;
    const { costs } = kernel;
    return mix([
      kernel.mapCalls,
      kernel.unmapCalls,
      kernel.refusedMapCalls,
      kernel.refusedUnmapCalls,
      kernel.mappingCount,
      kernel.peakMappingCount,
      listener.notificationCount,
      costs.leaves4K,
      costs.leaves2M,
      costs.leaves1G,
      costs.iotlbSyncs,
      costs.peakTablePages,
      costs.peakBookkeepingBytes,
      memory.frames.liveCount,
      memory.frames.peakLiveCount,
      judge.violations.length,
    ]);
  }

  #succeed(operation: Operation): void {
    const answer = this.world.apply(operation);
    if (answer !== '0') throw new Error(`a workload needs success, and ${JSON.stringify(operation)} was answered ${answer}`);
  }
}

/** One 32-bit number of many numbers (FNV-1a over their two halves). */
export function mix(numbers: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const number of numbers) {
    for (const half of [number % 2 ** 32 | 0, Math.floor(number / 2 ** 32) | 0]) hash = Math.imul(hash ^ half, 0x01000193);
  }
  return hash >>> 0;
}
