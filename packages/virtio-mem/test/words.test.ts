// SPDX-License-Identifier: MIT
import { ERRNO, firstConfusion, firstLoss, type Words, type WordsSubject } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createVirtioMem, NO_LISTENER } from '../src/index.ts';
import { type Bench, createBench, type Faults, memslotText, NO_FAULTS, stateText } from './support/bench.ts';
import type { ModelShape } from './support/naive-model.ts';
import { applyToDevice, operation, type Operation, shape } from './support/operations.ts';

/** An operation with what goes wrong inside it: neither is state of the device. */
interface Act {
  readonly each: Operation;
  readonly fault: keyof Faults | undefined;
  readonly migrating: boolean;
}

const faults = Object.keys(NO_FAULTS) as (keyof Faults)[];

const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.record({
    each: operation.filter(({ op }) => op !== 'fault' && op !== 'migrating'),
    fault: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constantFrom(...faults) }),
    migrating: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  }),
  { maxLength: 30, size: 'max' },
);

const journey = fc.record({ before: acts, elsewhere: acts, after: acts });
const twoOrders = acts.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })));

/** A device on a bench; which memslots are shown comes back with the address space, so a load sets it here. */
class Subject implements WordsSubject<Act> {
  readonly words: Words;
  readonly #bench: Bench;

  constructor(of: ModelShape, fault: (words: Words) => Words = (words) => words) {
    const bench = createBench(of);
    this.#bench = bench;
    const { device, shown } = bench;
    const words = fault(device.words);
    this.words = {
      count: words.count,
      store: (into, at) => words.store(into, at),
      load(from, at) {
        words.load(from, at);
        shown.clear();
        for (let index = 0; index < device.memslotCount; index += 1) if (device.isMemslotActive(index)) shown.add(index);
      },
    };
  }

  act({ each, fault, migrating }: Act): string {
    const bench = this.#bench;
    Object.assign(bench.faults, NO_FAULTS, fault === undefined ? {} : { [fault]: -ERRNO.ENOMEM });
    bench.migrating = migrating;
    bench.take();
    return [applyToDevice(bench, each), ...bench.take()].join('; ');
  }

  look(): string {
    const { device } = this.#bench;
    const sizes = [device.pluggedPages, device.requestedPages, device.usablePages];
    const blocks = Array.from({ length: device.blockCount }, (_, block) => device.queryState(block, 1).state ?? '-');
    return [stateText(device), ...blocks, memslotText(device), ...sizes].join(' ');
  }
}

const subjectsOf = (of: ModelShape, fault?: (words: Words) => Words): [Subject, Subject] => [
  new Subject(of, fault),
  new Subject(of, fault),
];

describe('words of a device', () => {
  test('a state that is loaded is stored, seen and answered as the one it was', () => {
    fc.assert(
      fc.property(shape, journey, (of, list) => {
        expect(firstLoss(...subjectsOf(of), list)).toBeUndefined();
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  test('they are equal exactly when everything that can be seen is', () => {
    fc.assert(
      fc.property(shape.map((of) => ({ ...of, extentPages: 1000 })), twoOrders, (of, ways) => {
        expect(firstConfusion(...subjectsOf(of), ways)).toBeUndefined();
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  test('bits, plugged, requested and usable blocks, memslots, in that order', () => {
    const bench = createBench({ blockCount: 40, blockPages: 1, requestedBlocks: 39, extentPages: 0, blocksPerMemslot: 8 });
    expect([bench.device.plug(3, 2), bench.device.plug(33, 1)]).toEqual(['ACK', 'ACK']);
    const { words } = bench.device;
    const stored = new Int32Array(words.count);
    words.store(stored, 0);
    expect([...stored]).toEqual([0b11000, 0b10, 3, 39, 39, 0b10001]);
  });

  test('a load calls nobody', () => {
    const bench = createBench({ blocksPerMemslot: 2 });
    const { words } = bench.device;
    const empty = new Int32Array(words.count);
    words.store(empty, 0);
    bench.device.plug(0, 4);
    bench.take();
    words.load(empty, 0);
    expect([bench.take(), bench.device.pluggedPages, bench.device.checkDeviceUnplug()]).toEqual([[], 0, -ERRNO.EBUSY]);
  });

  test('a device of one block has four words, and no more without memslots', () => {
    const { block } = createBench();
    const host = { regime: 'in-place' as const, discard: () => 0 };
    const options = { firstGfn: 0, blockPages: block.pageCount, requestedPages: 0, scaled: true, isMigrating: () => false };
    expect(createVirtioMem({ name: 'm0', block, host, events: NO_LISTENER, ...options }).words.count).toBe(4);
  });
});

/** Words that always say what `word` is worth at `index`, counted from the end of the bits. */
function frozen(words: Words, index: number): Words {
  return {
    count: words.count,
    load: (from, at) => words.load(from, at),
    store(into, at) {
      words.store(into, at);
      into[at + index] = 0;
    },
  };
}

describe('a planted fault is caught', () => {
  test.each([
    ['which blocks are plugged', 0],
    ['how many blocks are plugged', 1],
    ['the requested size', 2],
    ['the usable size', 3],
    ['active memslots', 4],
  ])('words that forget %s', (_what, index) => {
    const withMemslots = shape.map((of) => ({ ...of, blocksPerMemslot: Math.max(1, of.blocksPerMemslot) }));
    const fault = (words: Words): Words => frozen(words, index);
    const lost = fc.property(withMemslots, journey, (of, list) => firstLoss(...subjectsOf(of, fault), list) === undefined);
    expect(fc.check(lost, { seed: 1, numRuns: 300, endOnFailure: true }).failed).toBe(true);
  });
});
