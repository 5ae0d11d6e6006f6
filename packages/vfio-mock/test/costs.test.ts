// SPDX-License-Identifier: MIT
import { type BackendId, createContainer, FaultPlan, type IommuContainer, type PhysicalLayout, VTD_48 } from '@sda-lab/vfio-mock';
import { ERRNO, statusText } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { TestMemory } from './support/test-memory.ts';

const GIB = 262_144;
/** 2^32 pages long and costs nothing: one frame behind every page. */
class EndlessMemory extends TestMemory {
  constructor() {
    super(1);
  }

  override pinPage(): number {
    return super.pinPage(0);
  }
}

function open(backend: BackendId, physicalLayout: PhysicalLayout = 'congruent'): IommuContainer {
  return createContainer(backend, { memory: new EndlessMemory(), dmaEntryLimit: 4_194_304, physicalLayout });
}

describe('IO page tables of one contiguous range', () => {
  test.each([
    { gib: 16, granule: 1, tables: 8210, leaves: [4_194_304, 0, 0] },
    { gib: 16, granule: 512, tables: 18, leaves: [0, 8192, 0] },
    { gib: 16, granule: GIB, tables: 2, leaves: [0, 0, 16] },
    { gib: 64, granule: 512, tables: 66, leaves: [0, 32_768, 0] },
  ])('$gib GiB in granules of $granule pages: $tables pages', ({ gib, granule, tables, leaves }) => {
    const container = open('iommufd');
    expect(container.mapPages(512 * GIB, 0, gib * GIB, granule, true)).toBe(0);
    const { tablePages, leaves4K, leaves2M, leaves1G } = container.costs;
    expect([tablePages, leaves4K, leaves2M, leaves1G]).toEqual([tables, ...leaves]);
  });

  test('one map uses larger leaves in its middle, where both addresses allow', () => {
    const container = open('iommufd');
    container.mapPages(511, 511, 1 + 1024 + 3, 1028, true);
    expect([container.costs.leaves4K, container.costs.leaves2M]).toEqual([4, 2]);
    container.unmapAll();
    container.mapPages(511, 512, 1028, 1028, true);
    expect([container.costs.leaves4K, container.costs.leaves2M]).toEqual([1028, 0]);
  });

  test('single pages never grow into a larger leaf; one call over the range does', () => {
    const container = open('type1v2');
    container.mapPages(0, 0, 512, 1, true);
    expect([container.costs.leaves4K, container.costs.tablePages]).toEqual([512, 4]);
    container.unmapPages(0, 512);
    expect([container.costs.leaves4K, container.costs.tablePages]).toEqual([0, 4]);
    container.mapPages(0, 0, 512, 512, true);
    expect([container.costs.leaves2M, container.costs.tablePages]).toEqual([1, 3]);
  });

  test('compat v1 and scattered memory have 4 KiB leaves only', () => {
    for (const container of [open('iommufd-compat-v1'), open('iommufd', 'scattered')]) {
      container.mapPages(0, 0, 1024, 512, true);
      expect([container.costs.leaves4K, container.costs.leaves2M]).toEqual([1024, 0]);
    }
  });
});

describe('IOTLB syncs and bookkeeping', () => {
  test.each([
    { backend: 'type1v2' as const, granule: 1, syncs: 512, bytes: 512 * 96 },
    { backend: 'type1v2' as const, granule: 512, syncs: 1, bytes: 96 },
    { backend: 'iommufd' as const, granule: 1, syncs: 512, bytes: 512 * 384 },
    { backend: 'iommufd' as const, granule: 512, syncs: 1, bytes: 384 },
    { backend: 'vfio-user' as const, granule: 1, syncs: 0, bytes: 0 },
  ])('2 MiB in $backend, granule $granule: $syncs syncs, $bytes bytes', ({ backend, granule, syncs, bytes }) => {
    const container = open(backend);
    container.mapPages(0, 0, 512, granule, true);
    expect(container.costs.bookkeepingBytes).toBe(bytes);
    container.unmapPages(0, 512);
    expect([container.costs.iotlbSyncs, container.costs.bookkeepingBytes]).toEqual([syncs, 0]);
    expect(container.costs.peakBookkeepingBytes).toBe(bytes);
  });

  test('scattered memory syncs once per batch of extents', () => {
    const syncsOf = (backend: BackendId): number => {
      const container = open(backend, 'scattered');
      container.mapPages(0, 0, 8192, 8192, true);
      container.unmapAll();
      return container.costs.iotlbSyncs;
    };
    expect([syncsOf('type1v2'), syncsOf('iommufd')]).toEqual([16, 2]);
  });
});

describe('16 GiB in 4 KiB mappings', () => {
  test.each([
    { backend: 'type1v2' as const, limit: 4_194_304, answer: '0', done: 4_194_304 },
    { backend: 'type1v2' as const, limit: 4_194_303, answer: '-ENOSPC', done: 4_194_303 },
    { backend: 'iommufd' as const, limit: 1, answer: '0', done: 4_194_304 },
  ])('$backend with dma_entry_limit $limit: $answer', ({ backend, limit, answer, done }) => {
    const container = createContainer(backend, { memory: new EndlessMemory(), dmaEntryLimit: limit });
    expect(statusText(container.mapPages(0x100000, 0, 16 * GIB, 1, true))).toBe(answer);
    expect([container.done, container.mappingCount, container.peakMappingCount]).toEqual([done, done, done]);
    expect(container.unmapAll()).toBe(done);
    expect(container.mappingCount).toBe(0);
  });
});

describe('a fault plan', () => {
  test('refuses from the k-th granule on, after the checks of arguments', () => {
    const container = createContainer('type1v2', { memory: new TestMemory(64) });
    container.faults.refuse('map', 3, ERRNO.ENOMEM);
    expect(statusText(container.mapPages(0, 0, 5, 1, true))).toBe('-ENOMEM');
    expect(container.done).toBe(2);
    expect(statusText(container.mapPages(0, 0, 1, 1, true))).toBe('-EEXIST');
    expect(statusText(container.mapPages(9, 0, 1, 1, true))).toBe('-ENOMEM');
    container.faults.heal();
    expect(container.mapPages(9, 0, 1, 1, true)).toBe(0);
    expect([container.mapCalls, container.refusedMapCalls]).toEqual([6, 3]);
  });

  test('refuses an unmap whole', () => {
    const container = createContainer('iommufd', { memory: new TestMemory(64) });
    container.mapPages(0, 0, 4, 2, true);
    container.faults.refuse('unmap', 1, ERRNO.EIO);
    expect(statusText(container.unmapPages(0, 4))).toBe('-EIO');
    expect([container.mappingCount, container.unmappedPages]).toEqual([2, 0]);
  });

  test('counts its calls from 1 and knows errno values only', () => {
    const plan = new FaultPlan();
    expect(() => plan.refuse('map', 0, 5)).toThrow('counted from 1');
    expect(() => plan.refuse('map', 1, -5)).toThrow('positive');
  });
});

describe('options no kernel could have', () => {
  test.each([
    { option: 'dmaEntryLimit', options: { dmaEntryLimit: -1 } },
    { option: 'dmaEntryLimit', options: { dmaEntryLimit: 2 ** 32 } },
    { option: 'memlock.limitPages', options: { memlock: { limitPages: 0.5, capIpcLock: false } } },
    { option: 'kernel', options: { kernel: '5.4' as '6.1' } },
    { option: 'geometry', options: { geometry: { ...VTD_48, ranges: VTD_48.ranges.toReversed() } } },
    { option: 'geometry', options: { geometry: { ...VTD_48, pageSizes: 0n } } },
  ])('$option is refused by name', ({ option, options }) => {
    expect(() => createContainer('type1v2', { memory: new TestMemory(1), ...options })).toThrow(
      expect.objectContaining({ code: 'CONTAINER_OPTIONS', option }) as Error,
    );
  });

  test('a limit of 0 takes no mapping', () => {
    const container = createContainer('type1v2', { memory: new TestMemory(1), dmaEntryLimit: 0 });
    expect(statusText(container.mapPages(0, 0, 1, 1, true))).toBe('-ENOSPC');
  });
});
