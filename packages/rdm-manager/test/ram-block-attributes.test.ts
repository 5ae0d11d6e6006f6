// SPDX-License-Identifier: MIT
/*
 * Golden sequences of QEMU 10.2.2, walked from its code (system/ram-block-attributes.c, accel/kvm/kvm-all.c,
 * hw/vfio/listener.c). Page 0x10 is guest address 0x10000; c0 is the container attached first.
 */
import { type History, parseHistory, runHistory } from '@sda-lab/conformance';
import { lastEvents, mappedGfns, replay, runsOf } from '@sda-lab/conformance/vitest';
import { AssertionFailure, type Consumer, ERRNO, type Host, type RamBlock, type Strategy } from '@sda-lab/guest-memory';
import { ramBlockAttributes, rdmPrivateAsDiscarded } from '@sda-lab/rdm-manager';
import { describe, expect, test } from 'vitest';

const TWO = 'world(containers=c0:type1v2,c1:type1v2, pages=64); attach(c0); attach(c1)';
const ONE = 'world(pages=64); attach(c0)';

describe('ram-block-attributes, event by event', () => {
  test('rba/k2: four private pages to shared, two containers: attributes, c1, c0, punch', () => {
    expect(lastEvents(ramBlockAttributes, `${TWO}; convert(16+4,shared)`)).toEqual([
      'KVM attributes gfn [0x10, 0x14) shared',
      'map c1 gfn [0x10, 0x14) (4 calls of 1)',
      'map c0 gfn [0x10, 0x14) (4 calls of 1)',
      'discard private side of ram [0x10, 0x14)',
    ]);
  });

  test('rba/k3: the third map of the older container refused: it undoes its run, nobody else does', () => {
    const { world, answers, events } = replay(
      ramBlockAttributes,
      `${TWO}; touch(16); refuse(c0,map,3,ENOMEM); convert(16+4,shared)`,
    );
    expect(events.at(-1)).toEqual([
      'KVM attributes gfn [0x10, 0x14) shared',
      'map c1 gfn [0x10, 0x14) (4 calls of 1)',
      'map c0 gfn [0x10, 0x14) (4 calls of 1, 2 of 4 made) -> -ENOMEM',
      'unmap c0 gfn [0x10, 0x14) [rollback]',
    ]);
    const [ram] = world.memory.blocks as [RamBlock];
    const { section } = world.layout.spanAt(16);
    expect(answers.at(-1)).toBe('-ENOMEM');
    expect(world.wasStopped).toBe(true);
    expect(world.memory.sideAt(section, 16)).toBe('shared');
    expect(runsOf(world, ram, 'dma')).toEqual(['16-20 shared']);
    expect([mappedGfns(world, 0), mappedGfns(world, 1)]).toEqual([[], [16, 17, 18, 19]]);
    // guest_memfd is not punched.
    expect(world.memory.backing(ram, 16, 'private')).not.toBe(0);
  });

  test('rba/k3-repeated: the request repeated tells nobody, punches and reports success', () => {
    const { world, answers, events } = replay(
      ramBlockAttributes,
      `${TWO}; refuse(c0,map,3,ENOMEM); convert(16+4,shared); convert(16+4,shared)`,
    );
    expect(events.at(-1)).toEqual(['KVM attributes gfn [0x10, 0x14) shared', 'discard private side of ram [0x10, 0x14)']);
    expect([answers.at(-1), mappedGfns(world, 0)]).toEqual(['0', []]);
  });

  test('rba/k4: a mixture to private goes page by page, neighbours are not joined, one discard', () => {
    expect(lastEvents(ramBlockAttributes, `${ONE}; convert(16+1,shared); convert(18+2,shared); convert(16+4,private)`)).toEqual([
      'KVM attributes gfn [0x10, 0x14) private',
      'unmap c0 gfn [0x10, 0x11)',
      'unmap c0 gfn [0x12, 0x13)',
      'unmap c0 gfn [0x13, 0x14)',
      'discard shared side of ram [0x10, 0x14)',
    ]);
  });

  test('rba/k4-to-shared: a mixture to shared stops at the page refused, bits set up to and with it', () => {
    const { world, events } = replay(
      ramBlockAttributes,
      `${ONE}; convert(17+1,shared); refuse(c0,map,2,ENOMEM); convert(16+4,shared)`,
    );
    expect(events.at(-1)).toEqual([
      'KVM attributes gfn [0x10, 0x14) shared',
      'map c0 gfn [0x10, 0x11) (1 call)',
      'map c0 gfn [0x12, 0x13) (1 call, 0 of 1 made) -> -ENOMEM',
      'unmap c0 gfn [0x12, 0x13) [rollback]',
    ]);
    const [ram] = world.memory.blocks as [RamBlock];
    expect([runsOf(world, ram, 'dma'), mappedGfns(world)]).toEqual([['16-19 shared'], [16, 17]]);
  });

  test('rba/k5: a range wholly shared is one unmap over its four mappings', () => {
    expect(lastEvents(ramBlockAttributes, `${ONE}; convert(16+4,shared); convert(16+4,private)`)).toEqual([
      'KVM attributes gfn [0x10, 0x14) private',
      'unmap c0 gfn [0x10, 0x14)',
      'discard shared side of ram [0x10, 0x14)',
    ]);
  });

  test('rba/k5-again: a redundant request repeats the ioctl and the discard, and tells nobody', () => {
    expect(lastEvents(ramBlockAttributes, `${ONE}; convert(16+4,shared); convert(16+4,private); convert(16+4,private)`)).toEqual([
      'KVM attributes gfn [0x10, 0x14) private',
      'discard shared side of ram [0x10, 0x14)',
    ]);
  });

  test('rba/k6: with two aliases of one block only the section that shows the range is told', () => {
    // 4 GiB unscaled: block pages 0x80000 on lie at guest page 0x100000.
    expect(lastEvents(ramBlockAttributes, 'world(pages=1048576); attach(c0); convert(524288+2,shared)')).toEqual([
      'KVM attributes gfn [0x100000, 0x100002) shared',
      'map c0 gfn [0x100000, 0x100002) (2 calls of 1)',
      'discard private side of ram [0x80000, 0x80002)',
    ]);
  });

  test('rba/k7: hot-add replays each run, cut to the section; hot-remove is one unmap per full section', () => {
    const { events } = replay(
      ramBlockAttributes,
      'world(pages=64); convert(16+4,shared); convert(30+4,shared); attach(c0); detach(c0)',
    );
    expect(events.at(-2)).toEqual([
      'map c0 gfn [0x10, 0x14) (4 calls of 1) [attach]',
      'map c0 gfn [0x1e, 0x20) (2 calls of 1) [attach]',
      'map c0 gfn [0xfffff, 0x100000) (1 call) [attach]',
      'map c0 gfn [0x100000, 0x100002) (2 calls of 1) [attach]',
    ]);
    expect(events.at(-1)).toEqual([
      'unmap c0 gfn [0x0, 0x20) [detach]',
      'unmap c0 gfn [0xfffff, 0x100000) [detach]',
      'unmap c0 gfn [0x100000, 0x100020) [detach]',
    ]);
  });

  test('rba/k7-limit: the limit is checked after the replay, and takes it all back', () => {
    const { world, answers, events } = replay(ramBlockAttributes, 'world(pages=64, limit=100); convert(16+4,shared); attach(c0)');
    expect([answers.at(-1), mappedGfns(world)]).toEqual(['-ENOSPC', []]);
    expect(events.at(-1)![0]).toBe('map c0 gfn [0x10, 0x14) (4 calls of 1) [attach]');
  });

  test('rba/replay-refused: a replay that is refused ends the VMM', () => {
    const { answers, events } = replay(ramBlockAttributes, 'world(limit=2); convert(0+3,shared); attach(c0)');
    expect(answers.at(-1)).toBe('the VMM is gone');
    expect(events.at(-1)!.slice(0, 3)).toEqual([
      'map c0 gfn [0x0, 0x3) (3 calls of 1, 2 of 3 made) -> -ENOSPC [attach]',
      'unmap c0 gfn [0x0, 0x3) [rollback]',
      'the VMM exits: replaying populated ranges to a new listener failed',
    ]);
  });

  test('rba/past-the-block: a request past the block is refused after the attributes were changed', () => {
    const { calls, instance, block } = createProbe(ramBlockAttributes);
    const request = { pages: { block, firstPage: 14, endPage: 18 }, gfns: { firstGfn: 14, endGfn: 18 } };
    expect(instance.convert(request, 'shared')).toBe(-ERRNO.EINVAL);
    expect(calls).toEqual(['attributes']);
  });
});

describe('the retry hole of ram-block-attributes', () => {
  const history = (onRefusal: string): History =>
    parseHistory(`world(onRefusal=${onRefusal}); attach(c0); refuse(c0,map,1,ENOMEM); convert(0+1,shared); heal`);

  test.each([
    { onRefusal: 'stop', reach: 'latent', stopped: true },
    { onRefusal: 'retry', reach: 'live', stopped: false },
  ])('rba/retry-hole: with onRefusal=$onRefusal it is $reach', ({ onRefusal, reach, stopped }) => {
    const result = runHistory(ramBlockAttributes, history(onRefusal));
    const found = result.violations.find(({ invariant }) => invariant === 'atomic');
    expect(found).toMatchObject({ reach, evidence: { reason: 'success-without-mapping' } });
    expect([result.stopped, result.steps.at(-1)!.answer]).toEqual([stopped, '0, 1 retried']);
  });
});

/** An instance over a host that only writes down what it is asked, with one block of 16 pages. */
function createProbe(strategy: Strategy): {
  calls: string[];
  instance: ReturnType<Strategy['create']>;
  block: RamBlock;
} {
  const calls: string[] = [];
  const call = (name: string) => (): number => {
    calls.push(name);
    return 0;
  };
  const host: Host = {
    regime: 'two-backend',
    isDiscardDisabled: false,
    setAttributes: call('attributes'),
    convertInPlace: call('convert'),
    discard: call('discard'),
    lock: () => true,
    unlock: () => undefined,
    exit: call('exit'),
  };
  const block: RamBlock = { name: 'ram', pageCount: 16, hostFirstPage: 0, hasGuestMemfd: true };
  const instance = strategy.create(host, new Set());
  instance.addBlock(block);
  return { calls, instance, block };
}

describe('designs on the stock manager', () => {
  // What a listener hears when it asks "what is populated?" while it is told to populate or to discard.
  test.each([
    { strategy: ramBlockAttributes, whilePopulating: '4-8', whileDiscarding: '' },
    { strategy: rdmPrivateAsDiscarded, whilePopulating: '', whileDiscarding: '4-8' },
  ])('stock/state-inside-a-callback: $strategy.id', ({ strategy, whilePopulating, whileDiscarding }) => {
    const { calls, instance, block } = createProbe(strategy);
    const look = (call: string) => (): number => {
      const runs: string[] = [];
      instance.runs(block, 'dma', 0, 16, (first, end) => (runs.push(`${first}-${end}`), 0));
      calls.push(`${call} sees '${runs.join(' ')}'`);
      return 0;
    };
    const consumer: Consumer = { name: 'c0', sides: 'shared', smallestPages: 1, unmapShape: 'range', done: 0, mapRun: look('map'), unmapRun: look('unmap') };
    instance.subscribe(consumer, { name: 'ram', block, firstPage: 0, pageCount: 16, firstGfn: 0, readonly: false });
    const request = { pages: { block, firstPage: 4, endPage: 8 }, gfns: { firstGfn: 4, endGfn: 8 } };
    instance.convert(request, 'shared');
    instance.convert(request, 'private');
    expect(calls).toEqual([
      'attributes', `map sees '${whilePopulating}'`, 'discard',
      'attributes', `unmap sees '${whileDiscarding}'`, 'discard',
    ]);
  });

  test.each([ramBlockAttributes, rdmPrivateAsDiscarded].map((strategy) => [strategy.id, strategy] as const))(
    'stock/one-owner: %s takes no second state owner, no plug event and no reset',
    (_id, strategy) => {
      const { calls, instance, block } = createProbe(strategy);
      const source = { name: 'm0', granulePages: 4, isPlugged: () => true };
      expect(instance.attachSource(block, source)).toBe(-ERRNO.EBUSY);
      expect(instance.detachSource(block, source)).toBe(-ERRNO.ENOENT);
      expect(instance.reset()).toBe(-ERRNO.EOPNOTSUPP);
      expect(() => instance.plug.willPlug(source, { block, firstPage: 0, endPage: 4 })).toThrow(AssertionFailure);
      expect(calls).toEqual([]);
    },
  );

  test('stock/lifetime: a block goes after its listeners, and only a follower leaves', () => {
    const { instance, block } = createProbe(ramBlockAttributes);
    const consumer: Consumer = { name: 'c0', sides: 'shared', smallestPages: 1, unmapShape: 'range', done: 0, mapRun: () => 0, unmapRun: () => 0 };
    const section = { name: 'ram', block, firstPage: 0, pageCount: 16, firstGfn: 0, readonly: false };
    expect(() => instance.unsubscribe(consumer, section)).toThrow(AssertionFailure);
    instance.subscribe(consumer, section);
    expect(() => instance.removeBlock(block)).toThrow(AssertionFailure);
    instance.unsubscribe(consumer, section);
    instance.removeBlock(block);
    expect(() => instance.subscribe(consumer, section)).toThrow(AssertionFailure);
  });
});
