// SPDX-License-Identifier: MIT
/*
 * A run of granules is stored as one record, yet it counts, refuses and costs as its granules do one by one: two containers,
 * one of which maps by runs, are told apart by nothing.
 */
import { ERRNO, statusText } from '@sda-lab/guest-memory';
import { type BackendId, createContainer, type IommuContainer, WORLD_BACKEND_IDS } from '@sda-lab/vfio-mock';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TestMemory } from './support/test-memory.ts';

const HOST_PAGES = 4096;
/** Within a block of 512 pages, across several, and across 1 GiB. */
const FIRST_PAGES: readonly number[] = [0x8000, 0x8000 + 500, 0x8000 + 1024, 2 ** 18 * 5 - 300];

interface MapStep {
  readonly op: 'map';
  readonly at: number;
  readonly host: number;
  readonly count: number;
  readonly granule: number;
  readonly writable: boolean;
}

type Step =
  | MapStep
  | { readonly op: 'unmap'; readonly at: number; readonly count: number }
  | { readonly op: 'refuse'; readonly kind: 'map' | 'unmap'; readonly k: number }
  | { readonly op: 'heal' };

const place = fc.tuple(fc.constantFrom(...FIRST_PAGES), fc.integer({ min: 0, max: 12 })).map(([first, at]) => first + 4 * at);
const count = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(511, 512, 513, 1100));
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('map' as const),
      at: place,
      host: fc.nat(HOST_PAGES - 1200),
      count,
      granule: fc.constantFrom(1, 1, 2, 3, 64, 512),
      writable: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('unmap' as const), at: place, count }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('refuse' as const), kind: fc.constantFrom('map', 'unmap'), k: fc.integer({ min: 1, max: 30 }) }) },
  { weight: 1, arbitrary: fc.constant({ op: 'heal' as const }) },
);
const world = fc.record({
  bad: fc.array(fc.nat(HOST_PAGES - 1), { maxLength: 3 }),
  entryLimit: fc.constantFrom(100, 700, 65535),
  limitPages: fc.constantFrom(900, Infinity),
  isCrowded: fc.boolean(),
  steps: fc.array(step, { maxLength: 14 }),
});

interface SetUp {
  readonly bad: number[];
  readonly entryLimit: number;
  readonly limitPages: number;
  readonly isCrowded: boolean;
}

interface World {
  readonly container: IommuContainer;
  readonly memory: TestMemory;
}

/** A crowd makes the records a table. */
function open(backend: BackendId, { bad, entryLimit, limitPages, isCrowded }: SetUp): World {
  const memory = new TestMemory(HOST_PAGES, bad);
  const memlock = { limitPages, capIpcLock: false };
  const container = createContainer(backend, { memory, dmaEntryLimit: entryLimit, memlock });
  if (isCrowded) for (let at = 0; at < 40; at += 1) container.mapPages(0x7000 + 2 * at, at, 1, 1, true);
  return { container, memory };
}

function mapOneByOne(container: IommuContainer, { at, host, count: pages, granule, writable }: MapStep): [string, number] {
  for (let done = 0; done * granule < pages; done += 1) {
    const offset = done * granule;
    const part = Math.min(granule, pages - offset);
    const status = container.mapPages(at + offset, host + offset, part, part, writable);
    if (status !== 0) return [statusText(status), done];
  }
  return [statusText(0), Math.ceil(pages / granule)];
}

function mapRun(container: IommuContainer, { at, host, count: pages, granule, writable }: MapStep): [string, number] {
  const status = container.mapPages(at, host, pages, granule, writable);
  return [statusText(status), container.done];
}

function applyOther(container: IommuContainer, one: Exclude<Step, MapStep>): unknown {
  if (one.op === 'unmap') return [statusText(container.unmapPages(one.at, one.count)), container.unmappedPages];
  if (one.op === 'refuse') return container.faults.refuse(one.kind, one.k, ERRNO.EIO);
  return container.faults.heal();
}

/** Everything that can be seen of a container but for its name. */
function stateOf({ container, memory }: World): unknown {
  const mappings: [number, number][] = [];
  container.forEachMapping((page, pages) => mappings.push([page, pages]));
  const { leaves4K, leaves2M, leaves1G, iotlbSyncs, tablePages, peakTablePages, bookkeepingBytes, peakBookkeepingBytes } = container.costs;
  const { lockedVm, pinnedVm, userLockedVm } = container.account;
  const { mappingCount, peakMappingCount, entriesAvailable, mapCalls, unmapCalls, refusedMapCalls, refusedUnmapCalls } = container;
  return {
    mappings,
    translations: mappings.map(([page, pages]) => [container.translate(page), container.translate(page + pages - 1), container.isWritable(page)]),
    costs: [leaves4K, leaves2M, leaves1G, iotlbSyncs, tablePages, peakTablePages, bookkeepingBytes, peakBookkeepingBytes],
    counts: [mappingCount, peakMappingCount, entriesAvailable, mapCalls, unmapCalls, refusedMapCalls, refusedUnmapCalls],
    pins: [lockedVm, pinnedVm, userLockedVm, memory.frames.pinCount],
  };
}

describe.each(WORLD_BACKEND_IDS.map((backend) => ({ backend })))('$backend', ({ backend }) => {
  test('a run counts, refuses and costs as its granules one by one', () => {
    fc.assert(
      fc.property(world, (setUp) => {
        const byRuns = open(backend, setUp);
        const oneByOne = open(backend, setUp);
        for (const one of setUp.steps) {
          const [run, single] =
            one.op === 'map'
              ? [mapRun(byRuns.container, one), mapOneByOne(oneByOne.container, one)]
              : [applyOther(byRuns.container, one), applyOther(oneByOne.container, one)];
          expect(run).toEqual(single);
          expect(stateOf(byRuns)).toEqual(stateOf(oneByOne));
        }
      }),
      { seed: 13, numRuns: 25 },
    );
  });
});
