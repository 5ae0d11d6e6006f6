// SPDX-License-Identifier: MIT
import { ERRNO, statusText } from '@sda-lab/guest-memory';
import {
  type BackendId,
  BACKEND_TRAITS,
  createContainer,
  FIXED_IOVA,
  type IommuContainer,
  READABLE,
  WORLD_BACKEND_IDS,
  WRITEABLE,
} from '@sda-lab/vfio-mock';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NaiveContainer } from './support/naive-container.ts';
import { TestMemory } from './support/test-memory.ts';

type Step =
  | { readonly op: 'map'; readonly at: number; readonly host: number; readonly count: number; readonly granule: number; readonly writable: boolean }
  | { readonly op: 'unmap'; readonly at: number; readonly count: number }
  | { readonly op: 'unmap-all' }
  | { readonly op: 'punch'; readonly host: number }
  | { readonly op: 'refuse'; readonly kind: 'map' | 'unmap'; readonly k: number }
  | { readonly op: 'heal' };

const HOST_PAGES = 40;
/** Two windows of 24 pages: plain memory, and across the start of the MSI window. */
const places = fc.nat(47).map((at) => (at < 24 ? 0x100 + at : 0xfedf4 + at - 24));
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('map' as const),
      at: places,
      host: fc.nat(HOST_PAGES - 1),
      count: fc.integer({ min: 1, max: 12 }),
      granule: fc.constantFrom(1, 2, 3, 4, 12),
      writable: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ op: fc.constant('unmap' as const), at: places, count: fc.integer({ min: 1, max: 16 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ op: 'unmap-all' as const }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('punch' as const), host: fc.nat(HOST_PAGES - 1) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('refuse' as const),
      kind: fc.constantFrom('map' as const, 'unmap' as const),
      k: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ op: 'heal' as const }) },
);
const world = fc.record({
  bad: fc.array(fc.nat(HOST_PAGES - 1), { maxLength: 3 }),
  entryLimit: fc.constantFrom(3, 8, 65535),
  memlockPages: fc.constantFrom(6, 20, Infinity),
  steps: fc.array(step, { maxLength: 30 }),
});

interface World {
  readonly memory: TestMemory;
  readonly container: IommuContainer;
}

function open(backend: BackendId, setUp: { bad: number[]; entryLimit: number; memlockPages: number }): World {
  const memory = new TestMemory(HOST_PAGES * 2, setUp.bad);
  const memlock = { limitPages: setUp.memlockPages, capIpcLock: false };
  const container = createContainer(backend, { memory, dmaEntryLimit: setUp.entryLimit, memlock });
  return { memory, container };
}

function mappingsOf(container: IommuContainer): [number, number][] {
  const found: [number, number][] = [];
  container.forEachMapping((page, count) => found.push([page, count]));
  return found;
}

/** Everything a refused call must leave as it was. */
function stateOf({ container, memory }: World): unknown {
  const translations = mappingsOf(container).map(([page]) => [container.translate(page), container.isWritable(page)]);
  return [mappingsOf(container), translations, memory.frames.pinCount, container.entriesAvailable];
}

function apply({ container, memory }: World, one: Step): number {
  switch (one.op) {
    case 'map':
      return container.mapPages(one.at, one.host, one.count, one.granule, one.writable);
    case 'unmap':
      return container.unmapPages(one.at, one.count);
    case 'unmap-all':
      return container.unmapAll();
    case 'punch':
      memory.punch(one.host);
      return 0;
    case 'refuse':
      container.faults.refuse(one.kind, one.k, ERRNO.EIO);
      return 0;
    case 'heal':
      container.faults.heal();
      return 0;
  }
}

function applyNaive(naive: NaiveContainer, memory: TestMemory, one: Step): number {
  switch (one.op) {
    case 'map': {
      const status = naive.map(one.at, one.host, one.count, one.granule, one.writable);
      for (const page of naive.pages.values()) if (page.frame === 0) page.frame = memory.peekPage(page.host);
      return status;
    }
    case 'unmap':
      return naive.unmap(one.at, one.count);
    case 'unmap-all': {
      const count = naive.pages.size;
      naive.unmappedPages = count;
      naive.pages.clear();
      naive.unmapCalls += 1;
      naive.passes.unmap = Math.max(0, naive.passes.unmap - 1);
      return count;
    }
    case 'refuse':
      naive.passes[one.kind] = one.k - 1;
      return 0;
    case 'heal':
      naive.passes = { map: Infinity, unmap: Infinity };
      return 0;
    case 'punch':
      return 0;
  }
}

describe.each(WORLD_BACKEND_IDS.map((backend) => ({ backend })))('$backend', ({ backend }) => {
  const { pins } = BACKEND_TRAITS[backend];

  test('answers, mappings and translations are those of a table of pages', () => {
    fc.assert(
      fc.property(world, (setUp) => {
        const real = open(backend, setUp);
        const { container, memory } = real;
        const naive = new NaiveContainer(backend, memory, setUp.entryLimit, setUp.memlockPages);
        for (const one of setUp.steps) {
          const status = apply(real, one);
          expect(statusText(status)).toBe(statusText(applyNaive(naive, memory, one)));
          expect(container.done).toBe(naive.done);
          expect(container.unmappedPages).toBe(naive.unmappedPages);
          expect(mappingsOf(container)).toEqual(naive.mappings());
          expect(container.mappingCount).toBe(naive.mappings().length);
          expect([container.mapCalls, container.unmapCalls]).toEqual([naive.mapCalls, naive.unmapCalls]);
          for (const [page, { host, frame, writable }] of naive.pages) {
            expect(container.translate(page)).toBe(pins ? frame : memory.peekPage(host));
            expect(container.isWritable(page)).toBe(writable);
          }
        }
      }),
    );
  });

  test('pins equal the pages of mappings, entries left and used add up', () => {
    fc.assert(
      fc.property(world, (setUp) => {
        const real = open(backend, setUp);
        const { container, memory } = real;
        const total = container.entriesAvailable;
        for (const one of setUp.steps) {
          apply(real, one);
          const pages = mappingsOf(container).reduce((sum, [, count]) => sum + count, 0);
          expect(memory.frames.pinCount).toBe(pins ? pages : 0);
          expect(container.account.lockedVm + container.account.pinnedVm).toBe(pins ? pages : 0);
          expect(container.entriesAvailable + container.mappingCount).toBe(total === Infinity ? Infinity : total);
        }
        container.close();
        expect([container.mappingCount, memory.frames.pinCount, memory.frames.orphanCount]).toEqual([0, 0, 0]);
      }),
    );
  });

  test('a refused call changes nothing but for an unmap cut on the way', () => {
    fc.assert(
      fc.property(world, (setUp) => {
        const real = open(backend, setUp);
        for (const one of setUp.steps) {
          const before = stateOf(real);
          const status = apply(real, one);
          const isPartMap = one.op === 'map' && real.container.done > 0;
          const isPartUnmap = backend.startsWith('iommufd') && real.container.unmappedPages > 0;
          if (one.op === 'unmap-all' || status === 0 || isPartMap || isPartUnmap) continue;
          expect(stateOf(real)).toEqual(before);
        }
      }),
    );
  });

  test('an observer that adds up what it is told knows the mapped pages', () => {
    fc.assert(
      fc.property(world, (setUp) => {
        const real = open(backend, setUp);
        const told = new Map<number, boolean>();
        real.container.observer = {
          onMapped: (first, count, _granule, writable) => {
            for (let page = first; page < first + count; page += 1) told.set(page, writable);
          },
          onUnmapped: (first, count) => {
            for (let page = first; page < first + count; page += 1) expect(told.delete(page)).toBe(true);
          },
        };
        for (const one of setUp.steps) apply(real, one);
        const mapped = mappingsOf(real.container).flatMap(([first, count]) =>
          Array.from({ length: count }, (_, at) => first + at),
        );
        expect([...told.keys()].toSorted((a, b) => a - b)).toEqual(mapped);
      }),
    );
  });

  test('the hot door equals the loop over the ioctl door', () => {
    fc.assert(
      fc.property(world, (setUp) => {
        const hot = open(backend, setUp);
        const slow = open(backend, setUp);
        for (const one of setUp.steps) {
          const viaIoctl = one.op === 'map' || one.op === 'unmap';
          const status = apply(hot, one);
          expect(statusText(viaIoctl ? applyByIoctl(slow, one) : apply(slow, one))).toBe(statusText(status));
          expect(stateOf(slow)).toEqual(stateOf(hot));
          expect(slow.container.mapCalls).toBe(hot.container.mapCalls);
          expect(slow.container.refusedMapCalls).toBe(hot.container.refusedMapCalls);
        }
      }),
    );
  });
});

function applyByIoctl({ container }: World, one: Step & { op: 'map' | 'unmap' }): number {
  const page = 4096n;
  if (one.op === 'unmap') return unmapByIoctl(container, BigInt(one.at) * page, BigInt(one.count) * page);
  for (let at = 0; at < one.count; at += one.granule) {
    const size = BigInt(Math.min(one.granule, one.count - at)) * page;
    const [iova, vaddr] = [one.at + at, one.host + at].map((number) => BigInt(number) * page);
    const status = mapByIoctl(container, iova!, vaddr!, size, one.writable);
    if (status !== 0) return status;
  }
  return 0;
}

function mapByIoctl(container: IommuContainer, iova: bigint, vaddr: bigint, size: bigint, writable: boolean): number {
  const door = container.ioctl;
  const flags = writable ? 3 : 1;
  if (door.kind === 'vfio-user') return door.dmaMap({ flags, address: vaddr, iova, size });
  if (door.kind !== 'iommufd') return door.mapDma({ flags, vaddr, iova, size });
  const rights = FIXED_IOVA | READABLE | (writable ? WRITEABLE : 0);
  return door.ioasMap({ flags: rights, userVa: vaddr, length: size, iova }).status;
}

function unmapByIoctl(container: IommuContainer, iova: bigint, size: bigint): number {
  const door = container.ioctl;
  if (door.kind === 'vfio-user') return door.dmaUnmap({ flags: 0, iova, size });
  if (door.kind !== 'iommufd') return door.unmapDma({ flags: 0, iova, size }).status;
  return door.ioasUnmap(iova, size).status;
}
