// SPDX-License-Identifier: MIT
import { ERRNO, firstConfusion, firstLoss, FrameNames } from '@sda-lab/guest-memory';
import { containerWords, createContainer, windowOf } from '@sda-lab/vfio-mock';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { losing } from './support/losing.ts';
import {
  type ContainerOperation,
  containerOperations,
  ContainersBench,
  type Parts,
  type Shape,
  shapes,
  SOUND_PARTS,
} from './support/words-bench.ts';

const journey = fc.record({ before: containerOperations, elsewhere: containerOperations, after: containerOperations });

/** Operations, and the same in another order. */
const twoOrders = containerOperations.chain((operations) =>
  fc.tuple(fc.constant(operations), fc.shuffledSubarray(operations, { minLength: operations.length })),
);

const benchesOf = (shape: Shape, parts: Parts = SOUND_PARTS): [ContainersBench, ContainersBench] => [
  new ContainersBench(shape, parts),
  new ContainersBench(shape, parts),
];

const PLAIN: Shape = {
  regime: 'two-backend',
  backends: ['type1v2', 'vfio-user'],
  hasOneAccount: false,
  capIpcLock: false,
  limitPages: Infinity,
};

describe('words of containers', () => {
  test('a state that is loaded is stored, seen and answered as the one it was', () => {
    fc.assert(
      fc.property(shapes, journey, (shape, operations) => {
        expect(firstLoss(...benchesOf(shape), operations)).toBeUndefined();
      }),
      { seed: 5, numRuns: 700 },
    );
  });

  test('they are equal exactly when everything that can be seen is', () => {
    fc.assert(
      fc.property(shapes, twoOrders, (shape, ways) => {
        expect(firstConfusion(...benchesOf(shape), ways)).toBeUndefined();
      }),
      { seed: 5, numRuns: 700 },
    );
  });

  test('they are whole exactly when no more pages lie outside than there is room for', () => {
    let [whole, cut] = [0, 0];
    for (const [shape, operations] of fc.sample(fc.tuple(shapes, containerOperations), { seed: 5, numRuns: 700 })) {
      const bench = new ContainersBench(shape);
      for (const each of operations) bench.act(each);
      const fits = bench.containers.every((container) => bench.fits(container));
      bench.words.store(new Int32Array(bench.words.count), 0);
      expect(bench.words.isWhole).toBe(fits);
      if (bench.words.isWhole) whole += 1;
      else cut += 1;
    }
    expect(whole).toBeGreaterThan(200);
    expect(cut).toBeGreaterThan(50);
  });

  test('a sample comes by all there is: orphans, pages outside, mappings over several pages and windows', () => {
    const seen = new Set<string>();
    for (const [shape, operations] of fc.sample(fc.tuple(shapes, containerOperations), { seed: 5, numRuns: 300 })) {
      const bench = new ContainersBench(shape);
      for (const each of operations) bench.act(each);
      bench.words.store(new Int32Array(bench.words.count), 0);
      if (!bench.words.isWhole) continue;
      if (bench.memory.frames.orphanCount > 0) seen.add('orphans');
      for (const container of bench.containers) {
        if (bench.outsideOf(container).length > 0) seen.add('outside');
        container.records.forEach(0, Infinity, ({ first, granule }) => {
          if (granule > 1) seen.add('several pages');
          if (first < 7 && first + granule > 7) seen.add('several windows');
        });
      }
    }
    expect([...seen].toSorted()).toEqual(['orphans', 'outside', 'several pages', 'several windows']);
  });

  test('one page, its mapping cut from one call and read only, with the frame it holds', () => {
    const bench = new ContainersBench(PLAIN);
    const [container] = bench.containers;
    const { block } = bench.sections[0]!;
    container!.mapPages(4, block.hostFirstPage, 2, 2, false);
    const words = new Int32Array(bench.words.count);
    bench.words.store(words, 0);
    const own = words.subarray(words.length - 2 * bench.containerWordCount);
    // Mapped 1, begins 2, may read 4; frames 1 and 2, both shared, from bit 8 on.
    expect([...own.subarray(0, 4)]).toEqual([7 | (2 << 8), 5 | (4 << 8), 0, 0]);
  });

  test('what went outside of the windows leads nowhere after a load', () => {
    const bench = new ContainersBench(PLAIN);
    const empty = new Int32Array(bench.words.count);
    bench.words.store(empty, 0);
    const [container] = bench.containers;
    container!.mapPages(2 ** 30, bench.sections[0]!.block.hostFirstPage, 2, 1, true);
    bench.words.load(empty, 0);
    expect([container!.isMapped(2 ** 30), container!.translate(2 ** 30), container!.account.lockedVm]).toEqual([false, 0, 0]);
    expect([bench.memory.frames.liveCount, bench.memory.frames.pinCount]).toEqual([0, 0]);
  });

  test.each([
    {
      what: 'shares its pages with a copy',
      act: ({ containers }: ContainersBench) => {
        const door = containers[0]!.ioctl;
        if (door.kind !== 'iommufd') throw new Error('no copies here');
        const answer = door.ioasCopy({ source: door, flags: 7, srcIova: 0x4000n, dstIova: 0x1000n, length: 0x1000n });
        return answer.status;
      },
    },
    {
      what: 'has a fault ahead',
      act: ({ containers }: ContainersBench) => {
        containers[0]!.faults.refuse('unmap', 3, ERRNO.ENOMEM);
        return 0;
      },
    },
    {
      what: 'tracks dirty pages',
      act: ({ containers }: ContainersBench) => {
        containers[0]!.dirty.start();
        return 0;
      },
    },
  ])('a container that $what is not whole', ({ act }) => {
    const bench = new ContainersBench({ ...PLAIN, backends: ['iommufd', 'type1v2'] });
    bench.containers[0]!.mapPages(4, bench.sections[0]!.block.hostFirstPage, 1, 1, true);
    const words = new Int32Array(bench.words.count);
    bench.words.store(words, 0);
    expect(bench.words.isWhole).toBe(true);
    expect(act(bench)).toBe(0);
    bench.words.store(words, 0);
    expect(bench.words.isWhole).toBe(false);
  });

  test.each([
    { what: 'mappings that are not whole pages', backend: 'iommufd-ioas' as const, twice: false, foreign: false },
    { what: 'windows that overlap', backend: 'type1v2' as const, twice: true, foreign: false },
    { what: 'names of other frames', backend: 'type1v2' as const, twice: false, foreign: true },
  ])('are refused for $what', ({ backend, twice, foreign }) => {
    const { memory, sections } = new ContainersBench(PLAIN);
    const container = createContainer(backend, { memory });
    const names = new FrameNames(foreign ? new ContainersBench(PLAIN).memory.frames : memory.frames);
    const windows = [...sections, ...(twice ? sections : [])].map(windowOf);
    expect(() => containerWords(container, { names, windows })).toThrow(/assertion failed/);
  });
});

class ForgetsOwners extends FrameNames {
  override refOf(frame: number): number {
    return super.refOf(frame) & ~1;
  }
}

class NamesByIdentity extends FrameNames {
  override refOf(frame: number): number {
    const ref = super.refOf(frame);
    return ref === 0 ? 0 : frame * 2 + (ref & 1);
  }
}

const WINDOW_PAGES = 9;

const losingPageBits = (bits: number): Partial<Parts> => ({ container: (words) => losing(words, bits, 0, WINDOW_PAGES) });

const PLANTED: Readonly<Record<string, Partial<Parts>>> = {
  'forget the owner of an orphan': { names: ({ frames }) => new ForgetsOwners(frames) },
  'name frames by identity': { names: ({ frames }) => new NamesByIdentity(frames) },
  'forget rights': losingPageBits(8),
  'forget charges': losingPageBits(16),
  'forget the private side': losingPageBits(32),
  'forget what lies outside': { container: (words) => losing(words, -1, WINDOW_PAGES, words.count) },
  'forget the host page outside': { container: (words) => losing(words, 1, WINDOW_PAGES + 2, WINDOW_PAGES + 3) },
  'begin a mapping on every page': {
    container: (words) => ({
      ...losing(words, 0, 0, 0),
      store(into, at) {
        words.store(into, at);
        for (let index = at; index < at + WINDOW_PAGES; index += 1) if (into[index] !== 0) into[index]! |= 2;
      },
    }),
  },
  'keep a pin': {
    container: (words, container) => ({
      ...losing(words, 0, 0, 0),
      load(from, at) {
        words.load(from, at);
        if (container.traits.pins && container.isMapped(4)) container.memory.frames.pin(container.translate(4));
      },
    }),
  },
};

describe('a planted fault is caught', () => {
  test.each(Object.entries(PLANTED))('words that %s', (_what, fault) => {
    const parts = { ...SOUND_PARTS, ...fault };
    const lost = fc.property(shapes, journey, (shape, operations) => firstLoss(...benchesOf(shape, parts), operations) === undefined);
    const confused = fc.property(
      shapes,
      twoOrders,
      (shape, ways: readonly [readonly ContainerOperation[], readonly ContainerOperation[]]) =>
        firstConfusion(...benchesOf(shape, parts), ways) === undefined,
    );
    const options = { seed: 1, numRuns: 500, endOnFailure: true };
    expect([fc.check(lost, options), fc.check(confused, options)].some(({ failed }) => failed)).toBe(true);
  });
});
