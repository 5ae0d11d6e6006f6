// SPDX-License-Identifier: MIT
import { Bitmap } from '@sda-lab/core-bitmap';
import { AssertionFailure, type Consumer, type Status } from '@sda-lab/guest-memory';
import { ConsumerListener, type ForEachRun, RamDiscardManager, type RamDiscardManagerOptions } from '@sda-lab/rdm-manager/stock';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { block, type CreateManager, firstDisagreement, LoggingListener, managerOperations, sectionOf, VETO } from './support/manager-model.ts';

const ROLLBACKS: readonly RamDiscardManagerOptions['rollback'][] = ['none', 'earlier'];

interface Bench {
  readonly manager: RamDiscardManager;
  readonly populated: Bitmap;
  readonly exits: string[];
  readonly listener: (name: string) => LoggingListener;
  readonly take: () => string[];
}

function createBench(options: Partial<RamDiscardManagerOptions> = {}): Bench {
  const log: string[] = [];
  const exits: string[] = [];
  const populated = new Bitmap(block.pageCount);
  const forEachPopulatedRun: ForEachRun = (first, end, emit) => populated.forEachSetRun(first, end, emit);
  const manager = new RamDiscardManager(
    block,
    { granulePages: 1, forEachPopulatedRun },
    { rollback: 'none', registrationFailure: 'report', exit: (reason) => void exits.push(reason), ...options },
  );
  return { manager, populated, exits, listener: (name) => new LoggingListener(name, log), take: () => log.splice(0) };
}

describe('the stock manager', () => {
  test.each(ROLLBACKS)('stock/naive-model: calls and answers are those of the naive model, rollback %s', (rollback) => {
    fc.assert(
      fc.property(managerOperations, (operations) => {
        const create: CreateManager = (owner, options) => new RamDiscardManager(block, owner, options);
        expect(firstDisagreement(create, rollback, operations)).toBeUndefined();
      }),
    );
  });

  test('stock/lifo: the listener registered last is told first', () => {
    const { manager, listener, take } = createBench();
    for (const name of ['A', 'B', 'C']) manager.register(listener(name), sectionOf(0, 16));
    expect(manager.notifyPopulate(4, 8)).toBe(0);
    manager.notifyDiscard(4, 8);
    expect(take()).toEqual(['C', 'B', 'A'].map((name) => `${name} populate [4,8)`).concat(['C', 'B', 'A'].map((name) => `${name} discard [4,8)`)));
  });

  test('stock/clip: a listener hears only of what its section shows', () => {
    const { manager, listener, take } = createBench();
    manager.register(listener('low'), sectionOf(0, 8));
    manager.register(listener('high'), sectionOf(8, 16));
    manager.notifyPopulate(6, 10);
    manager.notifyDiscard(9, 12);
    expect(take()).toEqual(['high populate [8,10)', 'low populate [6,8)', 'high discard [9,12)']);
  });

  test.each([
    { rollback: 'none' as const, after: [] },
    { rollback: 'earlier' as const, after: ['C discard [0,4)'] },
  ])('stock/veto: with rollback $rollback those told earlier hear $after', ({ rollback, after }) => {
    const { manager, listener, take } = createBench({ rollback });
    for (const name of ['A', 'B', 'C']) {
      const each = listener(name);
      if (name === 'B') each.passes = 0;
      manager.register(each, sectionOf(0, 16));
    }
    expect(manager.notifyPopulate(0, 4)).toBe(VETO);
    expect(take()).toEqual(['C populate [0,4)', 'B populate [0,4)', ...after]);
  });

  test('stock/veto-in-runs: earlier listeners give back every run, the vetoing one none', () => {
    const { manager, listener, take } = createBench({ rollback: 'earlier' });
    const older = listener('A');
    older.passes = 1;
    manager.register(older, sectionOf(0, 16));
    manager.register(listener('B'), sectionOf(0, 16));
    const evenPages: ForEachRun = (first, end, emit) => {
      for (let page = first; page < end; page += 1) {
        const status = page % 2 === 0 ? emit(page, page + 1) : 0;
        if (status !== 0) return status;
      }
      return 0;
    };
    expect(manager.notifyPopulate(0, 4, evenPages)).toBe(VETO);
    expect(take()).toEqual([
      'B populate [0,1)', 'B populate [2,3)',
      'A populate [0,1)', 'A populate [2,3)',
      'B discard [0,1)', 'B discard [2,3)',
    ]);
  });

  test('stock/replay: a new listener hears each populated run once, cut to its section', () => {
    const { manager, populated, listener, take } = createBench();
    populated.set(2, 6);
    populated.set(7, 8);
    populated.set(10, 16);
    manager.register(listener('A'), sectionOf(4, 12));
    expect(take()).toEqual(['A populate [4,6)', 'A populate [7,8)', 'A populate [10,12)']);
  });

  test('stock/replay-of-nothing: nothing populated is no call', () => {
    const { manager, listener, take } = createBench();
    manager.register(listener('A'), sectionOf(0, 16));
    expect([take(), manager.listenerCount]).toEqual([[], 1]);
  });

  test.each([
    { registrationFailure: 'report' as const, exits: [] },
    { registrationFailure: 'exit' as const, exits: ['replaying populated ranges to a new listener failed'] },
  ])('stock/replay-refused: $registrationFailure stops at the refused run and keeps the listener', ({ registrationFailure, exits }) => {
    const bench = createBench({ registrationFailure });
    for (const page of [1, 3, 5]) bench.populated.set(page, page + 1);
    const listener = bench.listener('A');
    listener.passes = 1;
    bench.manager.register(listener, sectionOf(0, 16));
    expect(bench.take()).toEqual(['A populate [1,2)', 'A populate [3,4)']);
    expect([bench.exits, bench.manager.listenerCount]).toEqual([exits, 1]);
  });

  test('stock/unregister: a listener that goes hears one discard of its full section', () => {
    const { manager, populated, listener, take } = createBench();
    const one = listener('A');
    manager.register(one, sectionOf(4, 12));
    populated.set(5, 6);
    manager.unregister(one);
    expect([take(), manager.listenerCount]).toEqual([['A discard [4,12)'], 0]);
  });

  test('stock/join-and-leave: who has caught up by itself joins and leaves unheard', () => {
    const { manager, populated, listener, take } = createBench();
    populated.set(0, 16);
    const one = listener('A');
    const section = sectionOf(4, 12);
    manager.join(one, section);
    expect(manager.leave(one)).toBe(section);
    expect([take(), manager.listenerCount]).toEqual([[], 0]);
  });

  test('stock/discard-all: every listener hears its complete section', () => {
    const { manager, listener, take } = createBench();
    manager.register(listener('A'), sectionOf(0, 8));
    manager.register(listener('B'), sectionOf(8, 16));
    manager.notifyDiscardAll();
    expect(take()).toEqual(['B discard [8,16)', 'A discard [0,8)']);
  });

  test('stock/runs: what the manager shows is what is populated, until the walk is stopped', () => {
    const { manager, populated } = createBench();
    populated.set(1, 3);
    populated.set(5, 9);
    const seen: string[] = [];
    expect(manager.runs(2, 16, (first, end, side) => (seen.push(`${first}-${end} ${side}`), 7))).toBe(7);
    expect(seen).toEqual(['2-3 shared']);
  });

  test('stock/assertions: a foreign section and a listener that is not there', () => {
    const { manager, listener } = createBench();
    const foreign = { ...sectionOf(0, 4), block: { ...block, name: 'other' } };
    expect(() => manager.register(listener('A'), foreign)).toThrow(AssertionFailure);
    expect(() => manager.unregister(listener('A'))).toThrow(AssertionFailure);
    expect(() => manager.leave(listener('A'))).toThrow(AssertionFailure);
  });
});

class ForgetsReplay extends RamDiscardManager {
  override register(...[listener, section]: Parameters<RamDiscardManager['register']>): void {
    this.join(listener, section);
  }
}

class ForgetsTeardown extends RamDiscardManager {
  override unregister(listener: Parameters<RamDiscardManager['unregister']>[0]): void {
    this.leave(listener);
  }
}

class TellsWholeRanges extends RamDiscardManager {
  override notifyDiscard(): void {
    this.notifyDiscardAll();
  }

  override notifyDiscardAll(): void {
    super.notifyDiscard(0, this.block.pageCount);
  }
}

class SwallowsVetoes extends RamDiscardManager {
  override notifyPopulate(firstPage: number, endPage: number): Status {
    super.notifyPopulate(firstPage, endPage);
    return 0;
  }
}

class ReplaysEverything extends RamDiscardManager {
  override register(...[listener, section]: Parameters<RamDiscardManager['register']>): void {
    this.join(listener, section);
    listener.notifyPopulate(section.firstPage, section.firstPage + section.pageCount);
  }
}

/** What the naive model says of the shortest run that it catches. */
function catchIn(create: CreateManager, rollback: RamDiscardManagerOptions['rollback']): string | undefined {
  const property = fc.property(managerOperations, (operations) => firstDisagreement(create, rollback, operations) === undefined);
  const found = fc.check(property, { numRuns: 500, seed: 1 });
  return found.failed ? firstDisagreement(create, rollback, found.counterexample![0]) : undefined;
}

describe('a planted fault is caught by the naive model', () => {
  test.each([
    { Planted: ForgetsReplay, seen: /register: '' instead of 'L\d populate/ },
    { Planted: ForgetsTeardown, seen: /unregister: '' instead of 'L\d discard/ },
    { Planted: TellsWholeRanges, seen: /discard: 'L\d discard/ },
    { Planted: SwallowsVetoes, seen: /populate: answers 0 instead of -12/ },
    { Planted: ReplaysEverything, seen: /register: 'L\d populate .* instead of/ },
  ].map((row) => ({ name: row.Planted.name, ...row })))('stock/planted: $name', ({ Planted, seen }) => {
    expect(catchIn((owner, options) => new Planted(block, owner, options), 'none')).toMatch(seen);
  });

  test.each([
    { rollback: 'none' as const, owed: 'earlier' as const },
    { rollback: 'earlier' as const, owed: 'none' as const },
  ])('stock/planted: rollback $rollback where $owed is owed', ({ rollback, owed }) => {
    const create: CreateManager = (owner, options) => new RamDiscardManager(block, owner, { ...options, rollback });
    expect(catchIn(create, owed)).toMatch(/populate: '.*' instead of/);
  });
});

describe('the listener of a consumer', () => {
  const section = sectionOf(4, 12);
  const createConsumer = (status: Status): Consumer & { readonly calls: string[] } => {
    const calls: string[] = [];
    const log = (call: string) => (...args: unknown[]) => {
      calls.push([call, ...args.slice(1)].join(' '));
      return status;
    };
    return { name: 'c0', sides: 'shared', smallestPages: 1, unmapShape: 'range', done: 0, calls, mapRun: log('map'), unmapRun: log('unmap') };
  };

  test('stock/consumer: a populate is one run in granules, a discard is one unmap', () => {
    const consumer = createConsumer(0);
    const listener = new ConsumerListener(consumer, section, 2);
    expect(listener.notifyPopulate(5, 9)).toBe(0);
    listener.notifyDiscard(4, 12);
    expect(consumer.calls).toEqual(['map shared 5 4 2', 'unmap shared 4 8']);
  });

  test('stock/consumer-refusal: a refused map is a veto, a refused unmap goes no further', () => {
    const listener = new ConsumerListener(createConsumer(VETO), section, 1);
    expect(listener.notifyPopulate(5, 9)).toBe(VETO);
    expect(listener.notifyDiscard(5, 9)).toBeUndefined();
  });

  test('stock/consumer-granule: a granule finer than the smallest IOMMU page is an assertion', () => {
    const listener = new ConsumerListener({ ...createConsumer(0), smallestPages: 4 }, section, 4);
    expect(() => listener.latch(2)).toThrow(AssertionFailure);
    listener.latch(8);
    expect(listener.granulePages).toBe(8);
  });
});
