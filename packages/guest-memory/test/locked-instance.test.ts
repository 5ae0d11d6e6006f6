// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  AssertionFailure,
  type Consumer,
  type Instance,
  lockedInstance,
  type PageRange,
  type PlugEvents,
  type PlugSource,
  type RamBlock,
  type Section,
} from '../src/index.ts';

const block: RamBlock = { name: 'ram', pageCount: 4, hostFirstPage: 0, hasGuestMemfd: true };
const section: Section = { name: 'ram', block, firstPage: 0, pageCount: 4, firstGfn: 0, readonly: false };
const range: PageRange = { block, firstPage: 0, endPage: 4 };
const source: PlugSource = { name: 'm0', granulePages: 4, isPlugged: () => false };
const consumer = { name: 'c0' } as Consumer;

/** A lock that writes down what is done with it, and an instance that writes down what it is asked. */
class Bench {
  readonly log: string[] = [];
  /** What members that answer a status answer. */
  status = 0;
  /** The member that throws. */
  throwing = '';
  isFree = true;
  readonly instance: Instance;

  constructor() {
    const member = (name: string) => (): number => {
      this.log.push(name);
      if (name === this.throwing) throw new Error(name);
      return this.status;
    };
    const plug = Object.fromEntries(PLUG.map((name) => [name, member(name)])) as unknown as PlugEvents;
    const inner = Object.fromEntries(MEMBERS.map((name) => [name, member(name)])) as unknown as Instance;
    const host = {
      lock: (name: string): boolean => {
        if (!this.isFree) return false;
        this.isFree = false;
        this.log.push(`lock ${name}`);
        return true;
      },
      unlock: (name: string): void => {
        this.isFree = true;
        this.log.push(`unlock ${name}`);
      },
    };
    this.instance = lockedInstance({ ...inner, plug }, host, 'mine');
  }

  take(): string[] {
    return this.log.splice(0);
  }
}

const MEMBERS = ['addBlock', 'removeBlock', 'attachSource', 'detachSource', 'subscribe', 'unsubscribe', 'convert', 'reset', 'runs'] as const;
const PLUG = ['slotAdded', 'willPlug', 'plugAborted', 'plugged', 'willUnplug', 'unplugAborted', 'discarded', 'unplugged', 'willUnplugAll', 'discardedAll', 'loaded'] as const;

const CALLS: Readonly<Record<(typeof MEMBERS)[number], (instance: Instance) => unknown>> = {
  addBlock: (instance) => instance.addBlock(block),
  removeBlock: (instance) => instance.removeBlock(block),
  attachSource: (instance) => instance.attachSource(block, source),
  detachSource: (instance) => instance.detachSource(block, source),
  subscribe: (instance) => instance.subscribe(consumer, section),
  unsubscribe: (instance) => instance.unsubscribe(consumer, section),
  convert: (instance) => instance.convert({ pages: range, gfns: { firstGfn: 0, endGfn: 4 } }, 'shared'),
  reset: (instance) => instance.reset(),
  runs: (instance) => instance.runs(block, 'dma', 0, 4, () => 0),
};

function tell({ instance }: Bench, event: (typeof PLUG)[number]): void {
  if (event === 'loaded') instance.plug.loaded(source, range, () => 0);
  else instance.plug[event](source, range);
}

describe('each call by itself', () => {
  test.each(MEMBERS)('locked/%s: takes the lock first, gives it back last, and hands the answer on', (member) => {
    const bench = new Bench();
    bench.status = -12;
    expect([undefined, -12]).toContain(CALLS[member](bench.instance));
    expect(bench.take()).toEqual(['lock mine', member, 'unlock mine']);
  });

  test.each(MEMBERS)('locked/%s: gives it back when the design throws', (member) => {
    const bench = new Bench();
    bench.throwing = member;
    expect(() => CALLS[member](bench.instance)).toThrow(member);
    expect(bench.take().at(-1)).toBe('unlock mine');
  });

  test.each(MEMBERS)('locked/%s: goes no further where somebody else has it', (member) => {
    const bench = new Bench();
    bench.isFree = false;
    expect(() => CALLS[member](bench.instance)).toThrow(AssertionFailure);
    expect(bench.take()).toEqual([]);
  });

  test.each(['slotAdded', 'discarded', 'discardedAll', 'loaded'] as const)('locked/plug.%s: outside of a request stands alone', (event) => {
    const bench = new Bench();
    tell(bench, event);
    expect(bench.take()).toEqual(['lock mine', event, 'unlock mine']);
  });
});

describe('a plug request', () => {
  test.each([
    { name: 'a plug', events: ['willPlug', 'plugged'] },
    { name: 'a refused plug', status: -16, events: ['willPlug', 'plugAborted'] },
    { name: 'an unplug', events: ['willUnplug', 'discarded', 'unplugged'] },
    { name: 'an unplug whose discard failed', events: ['willUnplug', 'unplugAborted'] },
    { name: 'a refused unplug', status: -16, events: ['willUnplug'] },
    { name: 'an unplug of everything', events: ['willUnplugAll', 'discardedAll', 'unplugged'] },
    { name: 'a refused unplug of everything', status: -16, events: ['willUnplugAll'] },
  ] as const)('locked/request: $name holds the lock from its first event to its last', ({ events, ...rest }) => {
    const bench = new Bench();
    bench.status = 'status' in rest ? rest.status : 0;
    for (const event of events) tell(bench, event);
    expect(bench.take()).toEqual(['lock mine', ...events, 'unlock mine']);
  });

  test.each(['willPlug', 'willUnplug', 'willUnplugAll', 'plugged', 'discarded', 'unplugged'] as const)('locked/request: gives it back when %s throws', (event) => {
    const bench = new Bench();
    if (event === 'plugged') tell(bench, 'willPlug');
    if (event === 'unplugged') tell(bench, 'willUnplug');
    bench.throwing = event;
    expect(() => tell(bench, event)).toThrow(event);
    expect(bench.isFree).toBe(true);
  });

  test('locked/balance: whatever requests are told, in order, the lock is free between them', () => {
    const request = fc.constantFrom<readonly (typeof PLUG)[number][]>(['willPlug', 'plugged'], ['willUnplug', 'discarded', 'unplugged'], ['willUnplugAll', 'discardedAll', 'unplugged'], ['slotAdded'], ['loaded']);
    fc.assert(
      fc.property(fc.array(request, { maxLength: 8 }), (requests) => {
        const bench = new Bench();
        for (const events of requests) {
          for (const event of events) tell(bench, event);
          expect(bench.isFree).toBe(true);
        }
      }),
      { numRuns: 100, seed: 1 },
    );
  });
});

test('locked/words: are the design’s own, and take no lock', () => {
  const words = { count: 0, store: () => undefined, load: () => undefined };
  const bench = new Bench();
  const locked = lockedInstance({ ...bench.instance, words: () => words }, { lock: () => false, unlock: () => undefined }, 'other');
  expect(locked.words!({ consumers: [], sections: [], sources: [] })).toBe(words);
  expect('words' in lockedInstance(bench.instance, { lock: () => true, unlock: () => undefined }, 'other')).toBe(false);
});
