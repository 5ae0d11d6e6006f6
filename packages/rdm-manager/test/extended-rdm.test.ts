// SPDX-License-Identifier: MIT
/* Event orders of design 2, then its plug plane and its views. c0 is the container attached first. */
import { createSource, eventsSince, lastEvents, mappedGfns, type Replay, replay, runsOf } from '@sda-lab/conformance/vitest';
import { AssertionFailure, type Consumer, ERRNO, type Host, type PlugSource, type RamBlock } from '@sda-lab/guest-memory';
import { extendedRdm } from '@sda-lab/rdm-manager';
import { describe, expect, test } from 'vitest';

const TWO = 'containers=c0:type1v2,c1:type1v2';
const BOTH = `attach(c0); attach(c1)`;

describe('extended-rdm, event by event', () => {
  test.each([
    {
      regime: 'two-backend',
      toShared: ['KVM attributes gfn [0x0, 0x3) shared', 'map c1 gfn [0x0, 0x3) (3 calls of 1)', 'map c0 gfn [0x0, 0x3) (3 calls of 1)', 'discard private side of ram [0x0, 0x3)'],
      toPrivate: ['unmap c1 gfn [0x0, 0x3)', 'unmap c0 gfn [0x0, 0x3)', 'KVM attributes gfn [0x0, 0x3) private', 'discard shared side of ram [0x0, 0x3)'],
    },
    {
      regime: 'in-place',
      toShared: ['guest_memfd ram [0x0, 0x3) becomes shared', 'map c1 gfn [0x0, 0x3) (3 calls of 1)', 'map c0 gfn [0x0, 0x3) (3 calls of 1)'],
      toPrivate: ['unmap c1 gfn [0x0, 0x3)', 'unmap c0 gfn [0x0, 0x3)', 'guest_memfd ram [0x0, 0x3) becomes private'],
    },
  ])('extended/order: $regime switches before it maps, and unmaps before it switches', ({ regime, toShared, toPrivate }) => {
    const { events } = replay(extendedRdm, `world(${TWO}, regime=${regime}); ${BOTH}; convert(0+3,shared); convert(0+3,private)`);
    expect(events.slice(2)).toEqual([toShared, toPrivate]);
  });

  test.each(['attach(c0); attach(c1)', 'attach(c1); attach(c0)', 'attach(c1); attach(c0); detach(c1); attach(c1)'])('extended/order-of-coming: %s makes no difference', (coming) => {
    const { events } = replay(extendedRdm, `world(${TWO}, pages=4, vmem=1x2); ${coming}; convert(4+1,shared); plug(m0,0+1); convert(0+1,shared); reset`);
    const told = events.slice(-4).map((lines) => lines.filter((line) => /^(un)?map /.test(line)).map((line) => line.split(' ')[1]));
    expect(told).toEqual([[], ['c1', 'c0'], ['c1', 'c0'], ['c1', 'c0', 'c1', 'c0']]);
  });

  test('extended/refused-map: two-backend: who mapped unmaps, the side goes back, its frames go', () => {
    const { world, answers, events } = replay(extendedRdm, `world(${TWO}); ${BOTH}; touch(1); refuse(c0,map,3,ENOMEM); convert(0+4,shared)`);
    expect(events.at(-1)).toEqual([
      'KVM attributes gfn [0x0, 0x4) shared',
      'map c1 gfn [0x0, 0x4) (4 calls of 1)',
      'map c0 gfn [0x0, 0x4) (4 calls of 1, 2 of 4 made) -> -ENOMEM',
      'unmap c1 gfn [0x0, 0x4)',
      'unmap c0 gfn [0x0, 0x2)',
      'KVM attributes gfn [0x0, 0x4) private',
      'discard shared side of ram [0x0, 0x4)',
    ]);
    const [ram] = world.memory.blocks as [RamBlock];
    expect([answers.at(-1), mappedGfns(world, 0), mappedGfns(world, 1), runsOf(world, ram, 'dma')]).toEqual(['-EAGAIN', [], [], []]);
    expect(world.memory.backing(ram, 1, 'private')).not.toBe(0);
    expect(world.memory.backing(ram, 1, 'shared')).toBe(0);
  });

  test('extended/refused-map: in place: the frames turn private again', () => {
    const line = `world(${TWO}, regime=in-place); ${BOTH}; refuse(c0,map,1,ENOMEM); convert(0+2,shared)`;
    expect(lastEvents(extendedRdm, line)).toEqual([
      'guest_memfd ram [0x0, 0x2) becomes shared',
      'map c1 gfn [0x0, 0x2) (2 calls of 1)',
      'map c0 gfn [0x0, 0x2) (2 calls of 1, 0 of 2 made) -> -ENOMEM',
      'unmap c1 gfn [0x0, 0x2)',
      'guest_memfd ram [0x0, 0x2) becomes private',
    ]);
  });

  test('extended/refused-map-in-a-mixture: pages that were shared before stay mapped and shared', () => {
    const { world, events } = replay(extendedRdm, 'world(); attach(c0); convert(1+1,shared); refuse(c0,map,2,ENOMEM); convert(0+3,shared)');
    expect(events.at(-1)).toEqual([
      'KVM attributes gfn [0x0, 0x3) shared',
      'map c0 gfn [0x0, 0x1) (1 call)',
      'map c0 gfn [0x2, 0x3) (1 call, 0 of 1 made) -> -ENOMEM',
      'unmap c0 gfn [0x0, 0x1)',
      'KVM attributes gfn [0x0, 0x1) private',
      'discard shared side of ram [0x0, 0x1)',
      'KVM attributes gfn [0x2, 0x3) private',
      'discard shared side of ram [0x2, 0x3)',
    ]);
    expect(mappedGfns(world)).toEqual([1]);
  });

  test('extended/refused-unmap: who unmapped maps again, nothing is switched or freed', () => {
    const { world, answers, events } = replay(extendedRdm, `world(${TWO}); ${BOTH}; convert(0+2,shared); refuse(c0,unmap,1,EBUSY); convert(0+2,private)`);
    expect(events.at(-1)).toEqual(['unmap c1 gfn [0x0, 0x2)', 'unmap c0 gfn [0x0, 0x2) -> -EBUSY', 'map c1 gfn [0x0, 0x2) (2 calls of 1)']);
    expect([answers.at(-1), mappedGfns(world, 0), mappedGfns(world, 1)]).toEqual(['-EAGAIN', [0, 1], [0, 1]]);
  });

  test('extended/undo-refused: a page somebody will not let go stays shared, and a retry completes it', () => {
    const line = `world(${TWO}); ${BOTH}; refuse(c0,map,1,ENOMEM); refuse(c1,unmap,1,EBUSY); convert(0+2,shared)`;
    const { world, events } = replay(extendedRdm, line);
    expect(events.at(-1)!.slice(-1)).toEqual(['unmap c1 gfn [0x0, 0x2) -> -EBUSY']);
    const [ram] = world.memory.blocks as [RamBlock];
    expect([runsOf(world, ram, 'dma'), mappedGfns(world, 0), mappedGfns(world, 1)]).toEqual([['0-2 shared'], [], [0, 1]]);
    expect(world.apply({ op: 'heal' })).toBe('0, 1 retried');
    expect([mappedGfns(world, 0), mappedGfns(world, 1)]).toEqual([[0, 1], [0, 1]]);
  });

  test('extended/mixture: only what changes is told, neighbours joined', () => {
    const { events } = replay(extendedRdm, 'attach(c0); convert(0+1,shared); convert(2+2,shared); convert(0+4,private); convert(0+4,private)');
    expect(events.slice(-2)).toEqual([
      ['unmap c0 gfn [0x0, 0x1)', 'unmap c0 gfn [0x2, 0x4)', 'KVM attributes gfn [0x0, 0x4) private', 'discard shared side of ram [0x0, 0x4)'],
      ['KVM attributes gfn [0x0, 0x4) private', 'discard shared side of ram [0x0, 0x4)'],
    ]);
  });

  test('extended/hotplug: a late container gets each shared run, and loses just that when it goes', () => {
    const { events } = replay(extendedRdm, 'convert(1+2,shared); convert(3+2,shared); attach(c0); detach(c0)');
    expect(events.slice(-2)).toEqual([
      ['map c0 gfn [0x1, 0x4) (3 calls of 1) [attach]', 'map c0 gfn [0xfffff, 0x100000) (1 call) [attach]', 'map c0 gfn [0x100000, 0x100001) (1 call) [attach]'],
      ['unmap c0 gfn [0x1, 0x4) [detach]', 'unmap c0 gfn [0xfffff, 0x100000) [detach]', 'unmap c0 gfn [0x100000, 0x100001) [detach]'],
    ]);
  });

  test('extended/hotplug-refused: a refused replay refuses the attach and leaves nothing', () => {
    const { world, answers, events } = replay(extendedRdm, 'convert(0+3,shared); refuse(c0,map,3,ENOMEM); attach(c0); heal; convert(0+3,private)');
    expect(events[2]).toEqual(['map c0 gfn [0x0, 0x3) (3 calls of 1, 2 of 3 made) -> -ENOMEM [attach]', 'unmap c0 gfn [0x0, 0x2) [attach]']);
    expect([answers[2], mappedGfns(world), events.at(-1)!.filter((line) => line.includes('c0'))]).toEqual(['-ENOMEM', [], []]);
  });

  test('extended/plug: the shared part is mapped before the block is plugged, unmapped before it is freed', () => {
    const { events } = replay(extendedRdm, 'world(pages=4, vmem=2x4); attach(c0); convert(5+2,shared); plug(m0,0+1); unplug(m0,0+1)');
    expect(events[1]!.filter((line) => line.startsWith('map'))).toEqual([]);
    expect(events[2]).toEqual(['map c0 gfn [0x140001, 0x140003) (2 calls of 1)', 'm0 [0x0, 0x4) is plugged']);
    expect(events[3]).toEqual([
      'unmap c0 gfn [0x140001, 0x140003)',
      'discard shared side of m0 [0x0, 0x4)',
      'discard private side of m0 [0x0, 0x4)',
      'm0 [0x0, 0x4) is unplugged',
    ]);
  });

  test('extended/reset: the unmap of a later block refused puts the earlier one back', () => {
    const line = 'world(pages=2, vmem=1x2); attach(c0); plug(m0,0+1); convert(0+1,shared); convert(2+2,shared); refuse(c0,unmap,2,EBUSY); reset';
    const { world, answers, events } = replay(extendedRdm, line);
    expect(events.at(-1)).toEqual(['unmap c0 gfn [0x0, 0x1)', 'unmap c0 gfn [0x140000, 0x140002) -> -EBUSY', 'map c0 gfn [0x0, 0x1) (1 call)']);
    expect([answers.at(-1), mappedGfns(world)]).toEqual(['-EAGAIN', [0, 0x140000, 0x140001]]);
  });
});

/** Boot RAM of 16 pages in two sections, pages 2 to 5 and 9 to 10 shared, one container; plug sources come by hand. */
function lateSource(prepare = ''): Replay & { readonly ram: RamBlock; readonly since: number } {
  const done = replay(extendedRdm, `world(pages=16); attach(c0); convert(2+4,shared); convert(9+2,shared)${prepare}`);
  return { ...done, ram: done.world.memory.blocks[0]!, since: done.world.events.length };
}

const ALL_MAPPED = [2, 3, 4, 5, 0x100001, 0x100002];

describe('the plug plane of extended-rdm', () => {
  const half = createSource(4, new Set([0, 1, 2, 3, 8, 9, 10, 11]));

  test('plug/late-source: a source that comes late takes what it says is not plugged from live consumers', () => {
    const { world, ram, since } = lateSource();
    expect(world.instance.attachSource(ram, half)).toBe(0);
    expect(eventsSince(world, since)).toEqual(['unmap c0 gfn [0x4, 0x6)']);
    expect([mappedGfns(world), runsOf(world, ram, 'dma')]).toEqual([[2, 3, 0x100001, 0x100002], ['2-4 shared', '9-11 shared']]);
  });

  test('plug/second-source: a second source is -EBUSY, also the same one again', () => {
    const { world, ram, since } = lateSource();
    world.instance.attachSource(ram, half);
    expect(world.instance.attachSource(ram, createSource(2, new Set()))).toBe(-ERRNO.EBUSY);
    expect(world.instance.attachSource(ram, half)).toBe(-ERRNO.EBUSY);
    expect(eventsSince(world, since)).toHaveLength(1);
  });

  test('plug/late-source-refused: a consumer that will not unmap refuses the source, and all is as before', () => {
    const { world, ram, since } = lateSource('; refuse(c0,unmap,2,EBUSY)');
    const none = createSource(4, new Set());
    expect(world.instance.attachSource(ram, none)).toBe(-ERRNO.EBUSY);
    expect(eventsSince(world, since).at(-1)).toMatch(/^map c0/);
    expect([mappedGfns(world), runsOf(world, ram, 'dma')]).toEqual([ALL_MAPPED, ['2-6 shared', '9-11 shared']]);
    expect(world.instance.detachSource(ram, none)).toBe(-ERRNO.ENOENT);
  });

  test('plug/detach-source: when the source goes, what it kept back is mapped', () => {
    const { world, ram } = lateSource();
    world.instance.attachSource(ram, half);
    expect(world.instance.detachSource(ram, createSource(4, new Set()))).toBe(-ERRNO.ENOENT);
    expect(world.instance.detachSource(ram, half)).toBe(0);
    expect([mappedGfns(world), runsOf(world, ram, 'dma')]).toEqual([ALL_MAPPED, ['2-6 shared', '9-11 shared']]);
    expect(world.instance.attachSource(ram, half)).toBe(0);
  });

  test('plug/detach-source-refused: a refused map keeps the source and what it kept back', () => {
    const { world, ram } = lateSource();
    world.instance.attachSource(ram, half);
    world.apply({ op: 'refuse', container: 'c0', call: 'map', k: 2, errno: 'ENOMEM' });
    expect(world.instance.detachSource(ram, half)).toBe(-ERRNO.ENOMEM);
    expect([mappedGfns(world), runsOf(world, ram, 'dma')]).toEqual([[2, 3, 0x100001, 0x100002], ['2-4 shared', '9-11 shared']]);
    expect(world.instance.attachSource(ram, half)).toBe(-ERRNO.EBUSY);
  });

  test('plug/short-last-granule: a granule that ends past the block is asked up to the end only', () => {
    const { world, ram } = lateSource();
    const asked: string[] = [];
    const source: PlugSource = { name: 'm9', granulePages: 6, isPlugged: (first, end) => asked.push(`${first}-${end}`) > 0 };
    expect(world.instance.attachSource(ram, source)).toBe(0);
    expect([asked, mappedGfns(world)]).toEqual([['0-6', '6-12', '12-16'], ALL_MAPPED]);
  });

  test('plug/by-hand: conversions of unplugged pages map nothing until they are plugged', () => {
    const { world, ram } = lateSource();
    const { instance } = world;
    instance.attachSource(ram, half);
    const range = { block: ram, firstPage: 4, endPage: 8 };
    world.apply({ op: 'convert', page: 6, count: 1, to: 'shared' });
    expect(mappedGfns(world)).toEqual([2, 3, 0x100001, 0x100002]);
    expect(instance.plug.willPlug(half, range)).toBe(0);
    expect(mappedGfns(world)).toEqual([2, 3, 4, 5, 6, 0x100001, 0x100002]);
    // Whoever asks what there is waits until the request is over: the design's lock is held.
    instance.plug.plugged(half, range);
    expect(runsOf(world, ram, 'dma', 4, 8)).toEqual(['4-7 shared']);
  });

  test('plug/discard-failed: an unplug whose discard fails maps again what it unmapped', () => {
    const { world, ram } = lateSource();
    world.instance.attachSource(ram, half);
    const range = { block: ram, firstPage: 0, endPage: 4 };
    expect(world.instance.plug.willUnplug(half, range)).toBe(0);
    expect(mappedGfns(world)).toEqual([0x100001, 0x100002]);
    world.instance.plug.unplugAborted(half, range);
    expect(mappedGfns(world)).toEqual([2, 3, 0x100001, 0x100002]);
  });

  test('plug/discard-failed-unheard: without unplug-veto nothing was unmapped, and nothing is undone', () => {
    const { world } = replay(extendedRdm, 'world(pages=16); attach(c0); convert(2+4,shared)', new Set(['unplug-veto']));
    const range = { block: world.memory.blocks[0]!, firstPage: 0, endPage: 4 };
    expect(world.instance.plug.willUnplug(half, range)).toBe(0);
    world.instance.plug.unplugAborted(half, range);
    expect(mappedGfns(world)).toEqual([2, 3, 4, 5]);
  });
});

describe('views of extended-rdm', () => {
  const plugged = createSource(4, new Set([0, 1, 2, 3, 8, 9, 10, 11]));

  test.each([
    { view: 'dma' as const, without: ['2-6 shared', '9-11 shared'], withSource: ['2-4 shared', '9-11 shared'] },
    { view: 'translate' as const, without: ['2-6 shared', '9-11 shared'], withSource: ['2-4 shared', '9-11 shared'] },
    {
      view: 'migrate' as const,
      without: ['0-2 private', '2-6 shared', '6-9 private', '9-11 shared', '11-16 private'],
      withSource: ['0-2 private', '2-4 shared', '8-9 private', '9-11 shared', '11-12 private'],
    },
    {
      view: 'dump' as const,
      without: ['0-2 private', '2-6 shared', '6-9 private', '9-11 shared', '11-16 private'],
      withSource: ['0-2 private', '2-4 shared', '8-9 private', '9-11 shared', '11-12 private'],
    },
  ])('views/$view: what it shows without and with a plug source', ({ view, without, withSource }) => {
    const { world, ram } = lateSource();
    expect(runsOf(world, ram, view)).toEqual(without);
    world.instance.attachSource(ram, plugged);
    expect(runsOf(world, ram, view)).toEqual(withSource);
  });

  test('views/stop: a non-zero answer ends the walk and is returned', () => {
    const { world, ram } = lateSource();
    for (const view of ['dma', 'dump'] as const) {
      let calls = 0;
      expect(world.instance.runs(ram, view, 0, 16, () => ((calls += 1), -5))).toBe(-5);
      expect(calls).toBe(1);
    }
  });
});

describe('extended-rdm by hand', () => {
  const block: RamBlock = { name: 'plain', pageCount: 8, hostFirstPage: 0, hasGuestMemfd: false };
  const section = { name: 'plain', block, firstPage: 2, pageCount: 4, firstGfn: 2, readonly: false };
  const calls: string[] = [];
  const host: Host = { regime: 'two-backend', isDiscardDisabled: false, setAttributes: () => -5, convertInPlace: () => -5, discard: () => -5, lock: () => true, unlock: () => undefined, exit: () => undefined };
  const consumer = (smallestPages: number): Consumer => ({
    name: 'c0',
    sides: 'shared',
    smallestPages,
    unmapShape: 'range',
    done: 0,
    mapRun: (_section, _side, first, count) => (calls.push(`map ${first}+${count}`), 0),
    unmapRun: (_section, _side, first, count) => (calls.push(`unmap ${first}+${count}`), 0),
  });
  const create = (): ReturnType<typeof extendedRdm.create> => {
    calls.length = 0;
    const instance = extendedRdm.create(host, new Set());
    instance.addBlock(block);
    return instance;
  };

  test('extended/plain-block: a block without guest_memfd is all shared, and a reset leaves it mapped', () => {
    const instance = create();
    expect(instance.subscribe(consumer(1), section)).toBe(0);
    expect(instance.reset()).toBe(0);
    expect(calls).toEqual(['map 2+4']);
  });

  test('extended/too-coarse: a consumer that cannot map single pages is -EINVAL and not followed', () => {
    const instance = create();
    expect(instance.subscribe(consumer(2), section)).toBe(-ERRNO.EINVAL);
    instance.removeBlock(block);
    expect(calls).toEqual([]);
  });

  test('extended/past-the-block: a request past the block is -EINVAL before anything happens', () => {
    const request = { pages: { block, firstPage: 4, endPage: 9 }, gfns: { firstGfn: 4, endGfn: 9 } };
    expect([create().convert(request, 'shared'), create().convert(request, 'private')]).toEqual([-ERRNO.EINVAL, -ERRNO.EINVAL]);
  });

  test('extended/host-refuses: when the side cannot be switched, what was unmapped is mapped again', () => {
    const instance = create();
    instance.subscribe(consumer(1), section);
    const request = { pages: { block, firstPage: 2, endPage: 4 }, gfns: { firstGfn: 2, endGfn: 4 } };
    expect(instance.convert(request, 'private')).toBe(-5);
    expect(calls).toEqual(['map 2+4', 'unmap 2+2', 'map 2+2']);
  });

  test('extended/lifetime: a block goes after its consumers, and only a follower leaves', () => {
    const instance = create();
    const one = consumer(1);
    expect(() => instance.unsubscribe(one, section)).toThrow(AssertionFailure);
    instance.subscribe(one, section);
    expect(() => instance.removeBlock(block)).toThrow(AssertionFailure);
    instance.unsubscribe(one, section);
    instance.removeBlock(block);
    expect(() => instance.subscribe(one, section)).toThrow(AssertionFailure);
  });
});
