// SPDX-License-Identifier: MIT
/* What the unit cases cannot say: agreement with a naive model, assertions, probes, lists changed during a walk. */
import { AssertionFailure, type Status } from '@sda-lab/guest-memory';
import { MultiSourceManager, QEMU_11_1_STEPS, type RamDiscardSource, type SourceListener } from '@sda-lab/rdm-manager';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { firstMultiSourceDisagreement, multiSourceOperations } from './support/naive-multi-source.ts';

function createSource(
  name: string,
  granularity: number,
  isPopulated: RamDiscardSource['isPopulated'] = () => true,
): RamDiscardSource {
  return { name, granularity, isPopulated };
}

function createListener(log: string[], name: string, onPopulate: () => Status = () => 0): SourceListener {
  return {
    notifyPopulate: (first, end) => {
      log.push(`${name} P [${first},${end})`);
      return onPopulate();
    },
    notifyDiscard: (first, end) => void log.push(`${name} D [${first},${end})`),
  };
}

describe('the manager with several sources', () => {
  test('sources/naive-model: calls, answers and state are those of the naive model', () => {
    const property = fc.property(multiSourceOperations, (operations) => {
      expect(firstMultiSourceDisagreement(new MultiSourceManager(), operations)).toBeUndefined();
    });
    fc.assert(property, { numRuns: 2000, seed: 11 });
  });

  test('sources/naive-model-bites: a rollback without the refusing listener is found', () => {
    const steps = { ...QEMU_11_1_STEPS, undoneCount: (refusedAt: number) => refusedAt };
    const property = fc.property(multiSourceOperations, (operations) => {
      return firstMultiSourceDisagreement(new MultiSourceManager(steps), operations) === undefined;
    });
    expect(fc.check(property, { numRuns: 2000, seed: 11 }).failed).toBe(true);
  });

  test('sources/probes: a replay asks about each chunk of the smallest granularity until a source says no', () => {
    const manager = new MultiSourceManager();
    manager.addSource(createSource('fine', 1));
    manager.addSource(createSource('coarse', 4, (first) => first < 8));
    expect(manager.probeCount).toBe(0);
    manager.replayPopulated(0, 16, () => 0);
    // The source that came last is asked first, and ends the question where it says no.
    expect(manager.probeCount).toBe(16 + 8);
  });

  test('sources/probes-alone: notifications of the only source ask nobody', () => {
    const manager = new MultiSourceManager();
    const only = createSource('only', 1);
    manager.addSource(only);
    manager.register(createListener([], 'l'), { first: 0, end: 4 });
    const before = manager.probeCount;
    manager.notifyPopulate(only, 0, 1_000_000_000);
    manager.notifyDiscard(only, 0, 1_000_000_000);
    manager.notifyDiscardAll(only);
    expect([before, manager.probeCount]).toEqual([4, 4]);
  });

  test('sources/replay-to-listeners: stops at the first refusal and undoes nothing', () => {
    const log: string[] = [];
    const manager = new MultiSourceManager();
    let isRefused = false;
    for (const name of ['old', 'mid', 'new']) {
      manager.register(createListener(log, name, () => (name === 'mid' && isRefused ? -12 : 0)), { first: 0, end: 8 });
    }
    log.length = 0;
    isRefused = true;
    expect(manager.replayPopulatedToListeners()).toBe(-12);
    expect(log).toEqual(['new P [0,8)', 'mid P [0,8)']);
  });

  test('sources/register-answer: the answer of the replay is told, and the listener stays', () => {
    const manager = new MultiSourceManager();
    expect(manager.register(createListener([], 'l', () => -12), { first: 0, end: 8 })).toBe(-12);
    expect(manager.listenerCount).toBe(1);
  });

  test('sources/listener-inside: a listener that comes during a notification hears its replay only', () => {
    const log: string[] = [];
    const manager = new MultiSourceManager();
    const populated = new Set<number>();
    const source = createSource('a', 1, (first) => populated.has(first));
    manager.addSource(source);
    const late = createListener(log, 'late');
    let hasCome = false;
    const first = createListener(log, 'first', () => {
      if (!hasCome) manager.register(late, { first: 0, end: 4 });
      hasCome = true;
      return 0;
    });
    manager.register(createListener(log, 'old'), { first: 0, end: 4 });
    manager.register(first, { first: 0, end: 4 });
    populated.add(1);
    manager.notifyPopulate(source, 1, 2);
    expect(log).toEqual(['first P [1,2)', 'late P [1,2)', 'old P [1,2)']);
  });

  test('sources/truths: a stranger neither notifies nor leaves, and a source tells something apart', () => {
    const manager = new MultiSourceManager();
    const stranger = createSource('stranger', 1);
    expect(() => manager.notifyPopulate(stranger, 0, 1)).toThrow(AssertionFailure);
    expect(() => manager.notifyDiscard(stranger, 0, 1)).toThrow(AssertionFailure);
    expect(() => manager.notifyDiscardAll(stranger)).toThrow(AssertionFailure);
    expect(() => manager.unregister(createListener([], 'l'))).toThrow(AssertionFailure);
    expect(() => manager.addSource(createSource('nothing', 0))).toThrow(AssertionFailure);
    expect(manager.hasSource(stranger)).toBe(false);
  });
});

describe('chunks that would be answered alike', () => {
  /** A source over a few runs; asked chunk by chunk, or with a word on how far an answer goes. */
  function sourceOver(name: string, granularity: number, edges: readonly number[], saysEnd: boolean): RamDiscardSource {
    const isIn = (at: number): boolean => edges.filter((edge) => edge <= at).length % 2 === 1;
    const endOf = (at: number): number => edges.find((edge) => edge > at) ?? 1000;
    const isPopulated: RamDiscardSource['isPopulated'] = (first, end) => {
      const roundedEnd = Math.ceil(end / granularity) * granularity;
      for (let at = first - (first % granularity); at < roundedEnd; at += 1) if (!isIn(at)) return false;
      return true;
    };
    return { name, granularity, isPopulated, ...(saysEnd && { uniformEnd: granularity === 1 ? endOf : (at) => at - (at % granularity) + granularity }) };
  }

  test('sources/alike: skipping them changes neither what is told nor what is counted', () => {
    const edges = fc.uniqueArray(fc.nat(60), { maxLength: 6 }).map((list) => list.toSorted((one, other) => one - other));
    const window = fc.tuple(fc.nat(60), fc.nat(60)).map(([one, other]) => ({ first: Math.min(one, other), end: Math.max(one, other) }));
    fc.assert(
      fc.property(edges, edges, window, fc.boolean(), (fine, coarse, { first, end }, populated) => {
        const seen = [false, true].map((saysEnd) => {
          const manager = new MultiSourceManager();
          manager.addSource(sourceOver('fine', 1, fine, saysEnd));
          manager.addSource(sourceOver('coarse', 4, coarse, saysEnd));
          const runs: number[][] = [];
          const emit = (from: number, to: number): number => {
            runs.push([from, to]);
            return 0;
          };
          if (populated) manager.replayPopulated(first, end, emit);
          else manager.replayDiscarded(first, end, emit);
          return { runs, probes: manager.probeCount };
        });
        expect(seen[1]).toEqual(seen[0]);
      }),
      { numRuns: 1000, seed: 5 },
    );
  });
});
