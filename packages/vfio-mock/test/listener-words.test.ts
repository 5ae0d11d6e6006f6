// SPDX-License-Identifier: MIT
import {
  firstConfusion,
  firstLoss,
  FrameNames,
  type Section,
  type Words,
  type WordsSubject,
  WorldWords,
} from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ListenerBench } from './support/listener-bench.ts';
import { type Operation as SectionOperation, onListener, operation } from './support/listener-operations.ts';
import { losing } from './support/losing.ts';

type Operation = { readonly what: SectionOperation | 'remap'; readonly granulePages: number; readonly refusedMap: number };

interface Shape {
  readonly rollback: 'run' | 'none';
  readonly heedsRefusals: boolean;
}

const shapes: fc.Arbitrary<Shape> = fc.record({ rollback: fc.constantFrom('run', 'none'), heedsRefusals: fc.boolean() });

const operations: fc.Arbitrary<Operation[]> = fc.array(
  fc.record({
    what: fc.oneof({ weight: 9, arbitrary: operation }, { weight: 1, arbitrary: fc.constant('remap' as const) }),
    granulePages: fc.constantFrom(1, 1, 2, 4),
    /** Ordinal of the refused map call inside the operation, counted from 0. */
    refusedMap: fc.oneof({ weight: 3, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(3) }),
  }),
  { maxLength: 20, size: 'max' },
);

const journey = fc.record({ before: operations, elsewhere: operations, after: operations });
const twoOrders = operations.chain((list) =>
  fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
);

/** A listener with its guest memory; the kernel behind it is a door that writes lines. */
class Subject implements WordsSubject<Operation> {
  readonly words: WorldWords;
  readonly bench: ListenerBench;
  readonly sections: readonly Section[];

  constructor({ rollback, heedsRefusals }: Shape, fault: (words: Words) => Words = (words) => words) {
    this.bench = new ListenerBench({ profile: { rollback, admission: 'off' }, exit: () => undefined });
    const { bench } = this;
    bench.heedsRefusals = heedsRefusals;
    for (const block of [bench.ram, bench.late.block]) bench.populated.set(block, [{ first: 0, end: 5 }, { first: 7, end: 12 }]);
    this.sections = [bench.low, bench.high, bench.rom, bench.late, bench.plain];
    const names = new FrameNames(bench.memory.frames);
    const memory = bench.memory.words(names, this.sections);
    const listeners = [fault(bench.listener.words(this.sections, bench.instance))];
    this.words = new WorldWords(names, { memory, containers: [], listeners, devices: [], others: [] });
  }

  act({ what, granulePages, refusedMap }: Operation): string {
    const { bench } = this;
    bench.door.refusedMaps.clear();
    bench.door.refusedMaps.add(bench.door.mapCalls + refusedMap);
    if (what === 'remap') return this.#remap();
    bench.granulePages = granulePages;
    return [onListener(bench, what), bench.listener.done, ...bench.take()].join('; ');
  }

  /**
   * What it follows, and the calls of a remap with everything populated, which show the granules. The remap ends what a
   * refused map left of its count, in both subjects alike.
   */
  look(): string {
    const { listener, memory, door, populated } = this.bench;
    const { done, sections, isAttached } = listener;
    door.refusedMaps.clear();
    const before = [...populated];
    for (const [block] of before) populated.set(block, [{ first: 0, end: block.pageCount }]);
    const remapped = this.#remap();
    for (const [block, runs] of before) populated.set(block, runs);
    const shown = memory.addressSpace.sections.map(({ name }) => name);
    return JSON.stringify([isAttached, done, sections.map(({ name }) => name), shown, remapped]);
  }

  #remap(): string {
    const { bench } = this;
    if (!bench.listener.isAttached) return '-';
    const status = bench.listener.remap(() => bench.door.lines.push('emptied'));
    return [status, bench.listener.done, ...bench.take()].join('; ');
  }
}

const subjectsOf = (shape: Shape, fault?: (words: Words) => Words): [Subject, Subject] => [
  new Subject(shape, fault),
  new Subject(shape, fault),
];

describe('words of a listener', () => {
  test('a state that is loaded is stored, seen and answered as the one it was', () => {
    fc.assert(
      fc.property(shapes, journey, (shape, list) => {
        expect(firstLoss(...subjectsOf(shape), list)).toBeUndefined();
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  test('they are equal exactly when everything that can be seen is', () => {
    fc.assert(
      fc.property(shapes, twoOrders, (shape, ways) => {
        expect(firstConfusion(...subjectsOf(shape), ways)).toBeUndefined();
      }),
      { seed: 5, numRuns: 500 },
    );
  });

  test('a granule of the smallest size is no state, a larger one is', () => {
    const { bench, words } = new Subject({ rollback: 'run', heedsRefusals: true });
    bench.granulePages = 1;
    bench.attach();
    const stored = new Int32Array(words.count);
    const granules = (): number[] => {
      words.store(stored, 0);
      return Array.from(stored.subarray(-5), (word) => word >>> 8);
    };
    expect(granules()).toEqual([0, 0, 0, 0, 0]);
    bench.listener.mapRun(bench.high, 'shared', 8, 2, 2);
    expect(granules()).toEqual([0, 0, 2, 0, 0]);
    bench.listener.mapRun(bench.high, 'shared', 10, 1, 1);
    expect(granules()).toEqual([0, 0, 0, 0, 0]);
  });

  test('an unmap ends what a refused map left of its count', () => {
    const { bench } = new Subject({ rollback: 'none', heedsRefusals: true });
    bench.populated.clear();
    bench.attach();
    bench.door.refusedMaps.add(bench.door.mapCalls + 1);
    expect(bench.listener.mapRun(bench.low, 'shared', 0, 4, 1)).not.toBe(0);
    expect(bench.listener.done).toBe(1);
    bench.listener.unmapRun(bench.low, 'shared', 0, 1);
    expect(bench.listener.done).toBe(0);
  });

  test('a followed section that nobody listed is an assertion', () => {
    const { bench, sections } = new Subject({ rollback: 'run', heedsRefusals: true });
    const words = bench.listener.words(sections.slice(1), bench.instance);
    const stored = new Int32Array(words.count);
    words.store(stored, 0);
    bench.attach();
    expect(() => words.store(stored, 0)).toThrow('a listener follows listed sections only');
  });
});

describe('a planted fault is caught', () => {
  test.each<[string, (words: Words) => Words]>([
    ['whether it is attached', (words) => losing(words, 1, 0, 1)],
    ['how far the last map came', (words) => losing(words, -2, 0, 1)],
    ['a section it follows', (words) => losing(words, -1, 4, 5)],
    ['in which order sections came', (words) => losing(words, 0xfe, 1, words.count)],
    ['granules', (words) => losing(words, ~0xff, 1, words.count)],
  ])('words that forget %s', (_what, fault) => {
    const lost = fc.property(shapes, journey, (shape, list) => firstLoss(...subjectsOf(shape, fault), list) === undefined);
    const confused = fc.property(shapes, twoOrders, (shape, ways) => firstConfusion(...subjectsOf(shape, fault), ways) === undefined);
    const options = { seed: 1, numRuns: 300, endOnFailure: true };
    expect([fc.check(lost, options), fc.check(confused, options)].some(({ failed }) => failed)).toBe(true);
  });
});
