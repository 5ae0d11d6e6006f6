// SPDX-License-Identifier: MIT
/** Pins taken by runs against pins taken page by page: limits, bad pages and batches answer the same. */
import { GuestMemory, type PageStorage } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createContainer, type IommuContainer } from '../src/index.ts';

const PAGES = 64;
/** Behind the block's end there is nothing to pin. */
const BEYOND = 8;

interface Call {
  readonly kind: 'map' | 'unmap' | 'discard' | 'populate' | 'refuse' | 'convert';
  readonly first: number;
  readonly count: number;
  readonly granule: number;
}

const calls: fc.Arbitrary<Call[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('map', 'map', 'map', 'unmap', 'discard', 'populate', 'refuse', 'convert'),
    first: fc.nat(PAGES + BEYOND - 1),
    count: fc.integer({ min: 1, max: PAGES }),
    granule: fc.constantFrom(1, 1, 2, 3, 8),
  }),
  { maxLength: 20, size: 'max' },
);

class Bench {
  readonly memory: GuestMemory;
  readonly container: IommuContainer;
  readonly #ram: ReturnType<GuestMemory['addBlock']>;

  constructor(storage: PageStorage, backend: 'type1v2' | 'iommufd', regime: 'two-backend' | 'in-place', limitPages: number) {
    this.memory = new GuestMemory({ regime, gfnCount: 2 * PAGES, storage });
    this.#ram = this.memory.addBlock('ram', PAGES, true);
    this.container = createContainer(backend, { memory: this.memory, storage, memlock: { limitPages, capIpcLock: false } });
  }

  act({ kind, first, count, granule }: Call): unknown {
    const { memory, container } = this;
    const range = { block: this.#ram, firstPage: first, endPage: Math.min(PAGES, first + count) };
    switch (kind) {
      case 'map':
        return [container.mapPages(first, this.#ram.hostFirstPage + first, count, granule, true), container.done];
      case 'unmap':
        return [container.unmapPages(first, count), container.unmappedPages];
      case 'discard':
        return memory.discard(range, 'shared');
      case 'populate':
        return first < PAGES && memory.regime === 'two-backend' ? memory.populate(this.#ram, first, 'shared') > 0 : false;
      case 'refuse':
        return container.faults.refuse('map', 1 + (first % 9), 12, true);
      case 'convert':
        return memory.regime === 'in-place' ? [memory.convertInPlace(range, granule === 1 ? 'shared' : 'private'), memory.firstPinnedPage] : 0;
    }
  }

  look(): unknown {
    const { frames } = this.memory;
    const { mappingCount, mapCalls, refusedMapCalls, account, costs } = this.container;
    const pages = Array.from({ length: PAGES + BEYOND }, (_, page) => {
      const frame = this.container.translate(page);
      const backing = page < PAGES ? this.memory.backing(this.#ram, page, 'shared') : 0;
      return [this.container.isMapped(page), frame !== 0, backing !== 0, frame === backing, frame === 0 ? 0 : frames.pins(frame)];
    });
    return { mappingCount, mapCalls, refusedMapCalls, account, tables: costs.tablePages, bytes: costs.bookkeepingBytes, live: frames.liveCount, orphans: frames.orphanCount, pins: frames.pinCount, pages };
  }
}

describe('pins by runs', () => {
  test.each((['type1v2', 'iommufd'] as const).flatMap((backend) => (['two-backend', 'in-place'] as const).map((regime) => ({ backend, regime }))))(
    'pins/runs: $backend, $regime: as page by page',
    ({ backend, regime }) => {
      fc.assert(
        fc.property(calls, fc.constantFrom(Infinity, 70, 33, 10, 0), fc.constantFrom(2, 8, 512), (drawn, limitPages, leafPages) => {
          const exact = new Bench('exact', backend, regime, limitPages);
          const runs = new Bench({ leafPages }, backend, regime, limitPages);
          for (const call of drawn) {
            expect(runs.act(call)).toEqual(exact.act(call));
            expect(runs.look()).toEqual(exact.look());
          }
        }),
        { seed: 1, numRuns: 100 },
      );
    },
  );

  test('pins/end: a run of a container is mapped alike and leads to consecutive frames', () => {
    const bench = new Bench({ leafPages: 8 }, 'iommufd', 'two-backend', Infinity);
    bench.act({ kind: 'map', first: 3, count: 20, granule: 1 });
    const { container } = bench;
    expect([container.endOfRun(0, 64), container.endOfRun(3, 64), container.endOfRun(8, 64), container.endOfRun(16, 64), container.endOfRun(23, 64)]).toEqual([3, 8, 16, 23, 64]);
    expect(container.translate(15)).toBe(container.translate(8) + 7);
  });
});
