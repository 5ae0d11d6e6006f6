// SPDX-License-Identifier: MIT
/* Event orders of design 1, who hears `aborted`, the stock manager beside it, and its views. c0 was attached first. */
import { parseHistory, runHistory } from '@sda-lab/conformance';
import { createSource, eventsSince, lastEvents, mappedGfns, type Replay, replay, runsOf } from '@sda-lab/conformance/vitest';
import { AssertionFailure, type Consumer, ERRNO, type Host, type RamBlock } from '@sda-lab/guest-memory';
import { notifierList } from '@sda-lab/notifier-list';
import { describe, expect, test } from 'vitest';

const TWO = 'containers=c0:type1v2,c1:type1v2';
const BOTH = 'attach(c0); attach(c1)';

describe('notifier-list, event by event', () => {
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
  ])('list/order: $regime switches before it maps, and unmaps before it switches', ({ regime, toShared, toPrivate }) => {
    const { events } = replay(notifierList, `world(${TWO}, regime=${regime}); ${BOTH}; convert(0+3,shared); convert(0+3,private)`);
    expect(events.slice(2)).toEqual([toShared, toPrivate]);
  });

  test.each(['attach(c0); attach(c1)', 'attach(c1); attach(c0)', 'attach(c1); attach(c0); detach(c1); attach(c1)'])('list/order-of-coming: %s makes no difference', (coming) => {
    const { events } = replay(notifierList, `world(${TWO}, pages=4, vmem=1x2); ${coming}; convert(4+1,shared); plug(m0,0+1); convert(0+1,shared); unplug(m0,0+1); reset`);
    const told = events.slice(-5).map((lines) => lines.filter((line) => /^(un)?map /.test(line)).map((line) => line.split(' ')[1]));
    expect(told).toEqual([[], ['c1', 'c0'], ['c1', 'c0'], ['c1', 'c0'], ['c1', 'c0']]);
  });

  test('list/mixture: only what changes is told, neighbours joined; a redundant request tells nobody', () => {
    const { events } = replay(notifierList, 'attach(c0); convert(0+1,shared); convert(2+2,shared); convert(0+4,private); convert(0+4,private)');
    expect(events.slice(-2)).toEqual([
      ['unmap c0 gfn [0x0, 0x1)', 'unmap c0 gfn [0x2, 0x4)', 'KVM attributes gfn [0x0, 0x4) private', 'discard shared side of ram [0x0, 0x4)'],
      ['KVM attributes gfn [0x0, 0x4) private', 'discard shared side of ram [0x0, 0x4)'],
    ]);
  });

  test('list/hotplug: a late container gets each shared run, and loses just that when it goes', () => {
    const { events } = replay(notifierList, 'convert(1+2,shared); convert(3+2,shared); attach(c0); detach(c0)');
    expect(events.slice(-2)).toEqual([
      ['map c0 gfn [0x1, 0x4) (3 calls of 1) [attach]', 'map c0 gfn [0xfffff, 0x100000) (1 call) [attach]', 'map c0 gfn [0x100000, 0x100001) (1 call) [attach]'],
      ['unmap c0 gfn [0x1, 0x4) [detach]', 'unmap c0 gfn [0xfffff, 0x100000) [detach]', 'unmap c0 gfn [0x100000, 0x100001) [detach]'],
    ]);
  });

  test('list/hotplug-refused: a refused replay refuses the attach, and nobody follows', () => {
    const { world, answers, events } = replay(notifierList, 'convert(0+3,shared); refuse(c0,map,3,ENOMEM); attach(c0); heal; convert(0+3,private)');
    expect(events[2]).toEqual(['map c0 gfn [0x0, 0x3) (3 calls of 1, 2 of 3 made) -> -ENOMEM [attach]', 'unmap c0 gfn [0x0, 0x2) [attach]']);
    expect([answers[2], mappedGfns(world), events.at(-1)!.filter((line) => line.includes('c0'))]).toEqual(['-ENOMEM', [], []]);
  });
});

describe('the aborted list', () => {
  const THREE = 'world(containers=c0:type1v2,c1:type1v2,c2:type1v2); attach(c0); attach(c1); attach(c2); convert(0+1,shared)';

  test('aborted/sharing: who mapped takes it back, who was not reached keeps its last conversion', () => {
    const { world, answers, events } = replay(notifierList, `${THREE}; refuse(c1,map,2,ENOMEM); convert(1+2,shared)`);
    expect(events.at(-1)).toEqual([
      'KVM attributes gfn [0x1, 0x3) shared',
      'map c2 gfn [0x1, 0x3) (2 calls of 1)',
      'map c1 gfn [0x1, 0x3) (2 calls of 1, 1 of 2 made) -> -ENOMEM',
      'unmap c2 gfn [0x1, 0x3)',
      'unmap c1 gfn [0x1, 0x2)',
      'KVM attributes gfn [0x1, 0x3) private',
      'discard shared side of ram [0x1, 0x3)',
    ]);
    expect([answers.at(-1), [0, 1, 2].map((at) => mappedGfns(world, at))]).toEqual(['-EAGAIN', [[0], [0], [0]]]);
  });

  test('aborted/taking-back: who unmapped maps again, nothing is switched or freed', () => {
    const { world, answers, events } = replay(notifierList, `${THREE}; refuse(c1,unmap,1,EBUSY); convert(0+1,private)`);
    expect(events.at(-1)).toEqual(['unmap c2 gfn [0x0, 0x1)', 'unmap c1 gfn [0x0, 0x1) -> -EBUSY', 'map c2 gfn [0x0, 0x1) (1 call)']);
    expect([answers.at(-1), [0, 1, 2].map((at) => mappedGfns(world, at))]).toEqual(['-EAGAIN', [[0], [0], [0]]]);
  });

  test('aborted/in-place: the frames turn private again once nobody has them mapped', () => {
    const line = `world(${TWO}, regime=in-place); ${BOTH}; refuse(c0,map,1,ENOMEM); convert(0+2,shared)`;
    expect(lastEvents(notifierList, line).slice(-2)).toEqual(['unmap c1 gfn [0x0, 0x2)', 'guest_memfd ram [0x0, 0x2) becomes private']);
  });

  test('aborted/refused-too: a page somebody will not let go stays shared, and a retry completes it', () => {
    const { world, events } = replay(notifierList, `world(${TWO}); ${BOTH}; refuse(c0,map,1,ENOMEM); refuse(c1,unmap,1,EBUSY); convert(0+2,shared)`);
    expect(events.at(-1)!.at(-1)).toBe('unmap c1 gfn [0x0, 0x2) -> -EBUSY');
    const [ram] = world.memory.blocks as [RamBlock];
    expect([runsOf(world, ram, 'dma'), mappedGfns(world, 0), mappedGfns(world, 1)]).toEqual([['0-2 shared'], [], [0, 1]]);
    expect(world.apply({ op: 'heal' })).toBe('0, 1 retried');
    expect([mappedGfns(world, 0), mappedGfns(world, 1)]).toEqual([[0, 1], [0, 1]]);
  });

  test('aborted/reset-of-two-blocks: a reset refused in the second block puts both blocks back', () => {
    const line = `world(${TWO}, pages=1, vmem=1x1); ${BOTH}; plug(m0,0+1); convert(0+2,shared); refuse(c0,unmap,2,EBUSY); reset`;
    const { world, answers, events } = replay(notifierList, line);
    expect(events.at(-1)).toEqual([
      'unmap c1 gfn [0x0, 0x1)',
      'unmap c0 gfn [0x0, 0x1)',
      'unmap c1 gfn [0x140000, 0x140001)',
      'unmap c0 gfn [0x140000, 0x140001) -> -EBUSY',
      'map c1 gfn [0x0, 0x1) (1 call)',
      'map c0 gfn [0x0, 0x1) (1 call)',
      'map c1 gfn [0x140000, 0x140001) (1 call)',
    ]);
    expect([answers.at(-1), mappedGfns(world, 0), mappedGfns(world, 1)]).toEqual(['-EAGAIN', [0, 0x140000], [0, 0x140000]]);
    expect(runHistory(notifierList, parseHistory(line)).violations).toEqual([]);
  });
});

describe('the stock manager beside it', () => {
  const VMEM = `world(${TWO}, pages=4, vmem=2x4); ${BOTH}; convert(5+2,shared)`;
  const freed = ['discard shared side of m0 [0x0, 0x4)', 'discard private side of m0 [0x0, 0x4)'];

  test('stock/plug: the newest maps first, what is not shared is not mapped, the bits are set last', () => {
    expect(lastEvents(notifierList, `${VMEM}; plug(m0,0+1)`)).toEqual([
      'map c1 gfn [0x140001, 0x140003) (2 calls of 1)',
      'map c0 gfn [0x140001, 0x140003) (2 calls of 1)',
      'm0 [0x0, 0x4) is plugged',
    ]);
  });

  test('stock/veto: the stock manager makes those told earlier discard, then the device frees the block', () => {
    const { world, answers, events } = replay(notifierList, `${VMEM}; refuse(c0,map,2,ENOMEM); plug(m0,0+1)`);
    expect(events.at(-1)).toEqual([
      'map c1 gfn [0x140001, 0x140003) (2 calls of 1)',
      'map c0 gfn [0x140001, 0x140003) (2 calls of 1, 1 of 2 made) -> -ENOMEM',
      'unmap c0 gfn [0x140001, 0x140002)',
      'unmap c1 gfn [0x140001, 0x140003)',
      ...freed,
    ]);
    expect([answers.at(-1), mappedGfns(world, 0), mappedGfns(world, 1)]).toEqual(['BUSY', [], []]);
  });

  test('stock/unplug: announced first, so the stock discard finds nothing left to unmap', () => {
    expect(lastEvents(notifierList, `${VMEM}; plug(m0,0+1); unplug(m0,0+1)`)).toEqual([
      'unmap c1 gfn [0x140001, 0x140003)',
      'unmap c0 gfn [0x140001, 0x140003)',
      ...freed,
      'm0 [0x0, 0x4) is unplugged',
    ]);
  });

  test('stock/unplug-unannounced: without unplug-veto the stock order shows: freed first, then unmapped', () => {
    const { events } = replay(notifierList, `${VMEM}; plug(m0,0+1); unplug(m0,0+1)`, new Set(['unplug-veto']));
    expect(events.at(-1)).toEqual([
      ...freed,
      'unmap c1 gfn [0x140001, 0x140003)',
      'unmap c0 gfn [0x140001, 0x140003)',
      'm0 [0x0, 0x4) is unplugged',
    ]);
  });

  test('stock/unplug-refused: who unmapped maps again, and nothing is freed', () => {
    const { answers, events } = replay(notifierList, `${VMEM}; plug(m0,0+1); refuse(c0,unmap,1,EBUSY); unplug(m0,0+1)`);
    expect(events.at(-1)).toEqual([
      'unmap c1 gfn [0x140001, 0x140003)',
      'unmap c0 gfn [0x140001, 0x140003) -> -EBUSY',
      'map c1 gfn [0x140001, 0x140003) (2 calls of 1)',
    ]);
    expect(answers.at(-1)).toBe('BUSY');
  });

  test('stock/unplug-all: announced once for the whole device', () => {
    expect(lastEvents(notifierList, `${VMEM}; plug(m0,0+2); unplug-all(m0)`).filter((line) => line.startsWith('unmap'))).toEqual([
      'unmap c1 gfn [0x140001, 0x140003)',
      'unmap c0 gfn [0x140001, 0x140003)',
    ]);
  });

  test('stock/late-container: who attaches late follows the stock manager too', () => {
    const line = `world(${TWO}, pages=4, vmem=2x4); convert(5+2,shared); attach(c0); plug(m0,0+1); detach(c0)`;
    const { events } = replay(notifierList, line);
    expect(events[2]).toEqual(['map c0 gfn [0x140001, 0x140003) (2 calls of 1)', 'm0 [0x0, 0x4) is plugged']);
    expect(events[3]).toContain('unmap c0 gfn [0x140001, 0x140003) [detach]');
  });
});

/** Boot RAM of 16 pages in two sections, pages 2 to 5 and 9 to 10 shared; plug sources come by hand. */
function lateSource(prepare = '', containers = 'c0:type1v2', attach = 'attach(c0)'): Replay & { readonly ram: RamBlock; readonly since: number } {
  const done = replay(notifierList, `world(pages=16, containers=${containers}); ${attach}; convert(2+4,shared); convert(9+2,shared)${prepare}`);
  return { ...done, ram: done.world.memory.blocks[0]!, since: done.world.events.length };
}

const ALL_MAPPED = [2, 3, 4, 5, 0x100001, 0x100002];
const PLUGGED_MAPPED = [2, 3, 0x100001, 0x100002];

describe('a virtio-mem that comes late', () => {
  const half = createSource(4, new Set([0, 1, 2, 3, 8, 9, 10, 11]));

  test('late/unmaps: what it says is not plugged is taken from live consumers', () => {
    const { world, ram, since } = lateSource();
    expect(world.instance.attachSource(ram, half)).toBe(0);
    expect(eventsSince(world, since)).toEqual(['unmap c0 gfn [0x4, 0x6)']);
    expect([mappedGfns(world), runsOf(world, ram, 'dma')]).toEqual([PLUGGED_MAPPED, ['2-4 shared', '9-11 shared']]);
  });

  test('late/plug: who was there before it came is told of its blocks', () => {
    const { world, ram } = lateSource();
    const pages = new Set([0, 1, 2, 3]);
    const source = createSource(4, pages);
    world.instance.attachSource(ram, source);
    const range = { block: ram, firstPage: 4, endPage: 8 };
    expect(world.instance.plug.willPlug(source, range)).toBe(0);
    // Whoever asks what there is waits until the request is over: the design's lock is held.
    expect(mappedGfns(world)).toEqual([2, 3, 4, 5]);
    for (const page of [4, 5, 6, 7]) pages.add(page);
    world.instance.plug.plugged(source, range);
    expect(runsOf(world, ram, 'dma')).toEqual(['2-6 shared']);
  });

  test('late/order: who was there before it came is told of its blocks by name, as everybody else', () => {
    const { world, ram, since } = lateSource('', 'c0:type1v2,c1:iommufd', 'attach(c1); attach(c0)');
    const source = createSource(4, new Set([0, 1, 2, 3]));
    world.instance.attachSource(ram, source);
    const range = { block: ram, firstPage: 4, endPage: 8 };
    world.instance.plug.willPlug(source, range);
    world.instance.plug.plugAborted(source, range);
    const maps = eventsSince(world, since).filter((line) => line.startsWith('map'));
    expect(maps.map((line) => line.split(' ')[1])).toEqual(['c1', 'c0']);
  });

  test('late/second: a second one is -EBUSY, also the same one again', () => {
    const { world, ram } = lateSource();
    world.instance.attachSource(ram, half);
    expect(world.instance.attachSource(ram, createSource(2, new Set()))).toBe(-ERRNO.EBUSY);
    expect(world.instance.attachSource(ram, half)).toBe(-ERRNO.EBUSY);
  });

  test('late/refused: a consumer that will not unmap refuses it, and all is as before', () => {
    const { world, ram } = lateSource('; refuse(c0,unmap,2,EBUSY)');
    const none = createSource(4, new Set());
    expect(world.instance.attachSource(ram, none)).toBe(-ERRNO.EBUSY);
    expect([mappedGfns(world), runsOf(world, ram, 'dma')]).toEqual([ALL_MAPPED, ['2-6 shared', '9-11 shared']]);
    expect(world.instance.detachSource(ram, none)).toBe(-ERRNO.ENOENT);
  });

  test('late/goes: when it goes, what it kept back is mapped', () => {
    const { world, ram } = lateSource();
    world.instance.attachSource(ram, half);
    expect(world.instance.detachSource(ram, createSource(4, new Set()))).toBe(-ERRNO.ENOENT);
    expect(world.instance.detachSource(ram, half)).toBe(0);
    expect([mappedGfns(world), runsOf(world, ram, 'dma')]).toEqual([ALL_MAPPED, ['2-6 shared', '9-11 shared']]);
    expect(world.instance.attachSource(ram, half)).toBe(0);
  });

  test.each(['c0', 'c1'])('late/stays: %s refuses to map, so it stays and nobody keeps the new maps', (container) => {
    const { world, ram } = lateSource('', 'c0:type1v2,c1:iommufd', 'attach(c0); attach(c1)');
    world.instance.attachSource(ram, half);
    world.apply({ op: 'refuse', container, call: 'map', k: 2, errno: 'ENOMEM' });
    expect(world.instance.detachSource(ram, half)).toBe(-ERRNO.ENOMEM);
    expect([mappedGfns(world, 0), mappedGfns(world, 1)]).toEqual([PLUGGED_MAPPED, PLUGGED_MAPPED]);
    expect(world.instance.attachSource(ram, half)).toBe(-ERRNO.EBUSY);
  });

  test('late/discard-failed: an unplug whose discard fails maps again what it unmapped', () => {
    const { world, ram } = lateSource();
    world.instance.attachSource(ram, half);
    const range = { block: ram, firstPage: 0, endPage: 4 };
    expect(world.instance.plug.willUnplug(half, range)).toBe(0);
    expect(mappedGfns(world)).toEqual([0x100001, 0x100002]);
    world.instance.plug.unplugAborted(half, range);
    expect(mappedGfns(world)).toEqual(PLUGGED_MAPPED);
    // The same unplug is not undone a second time.
    world.apply({ op: 'convert', page: 0, count: 1, to: 'shared' });
    world.instance.plug.unplugAborted(half, range);
    expect(mappedGfns(world)).toEqual([0, ...PLUGGED_MAPPED]);
  });

  test.each([
    { view: 'dma' as const, shown: ['2-4 shared', '9-11 shared'] },
    { view: 'translate' as const, shown: ['2-4 shared', '9-11 shared'] },
    { view: 'migrate' as const, shown: ['0-2 private', '2-4 shared', '8-9 private', '9-11 shared', '11-12 private'] },
    { view: 'dump' as const, shown: ['0-2 private', '2-4 shared', '8-9 private', '9-11 shared', '11-12 private'] },
  ])('views/$view: plugged pages only, private ones for migration and dump alone', ({ view, shown }) => {
    const { world, ram } = lateSource();
    world.instance.attachSource(ram, half);
    expect(runsOf(world, ram, view)).toEqual(shown);
    expect(runsOf(world, ram, view, 3, 10)).toEqual(view === 'dma' || view === 'translate' ? ['3-4 shared', '9-10 shared'] : ['3-4 shared', '8-9 private', '9-10 shared']);
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

describe('notifier-list by hand', () => {
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
  const create = (): ReturnType<typeof notifierList.create> => {
    calls.length = 0;
    const instance = notifierList.create(host, new Set());
    instance.addBlock(block);
    return instance;
  };

  test('list/plain-block: a block without guest_memfd is all shared, and a reset leaves it mapped', () => {
    const instance = create();
    expect(instance.subscribe(consumer(1), section)).toBe(0);
    expect(instance.reset()).toBe(0);
    expect(calls).toEqual(['map 2+4']);
  });

  test('list/too-coarse: a consumer that cannot map single pages is -EINVAL and not followed', () => {
    const instance = create();
    expect(instance.subscribe(consumer(2), section)).toBe(-ERRNO.EINVAL);
    instance.removeBlock(block);
    expect(calls).toEqual([]);
  });

  test('list/past-the-block: a request past the block is -EINVAL before anything happens', () => {
    const request = { pages: { block, firstPage: 4, endPage: 9 }, gfns: { firstGfn: 4, endGfn: 9 } };
    expect([create().convert(request, 'shared'), create().convert(request, 'private')]).toEqual([-ERRNO.EINVAL, -ERRNO.EINVAL]);
  });

  test('list/host-refuses: when the side cannot be switched, what was unmapped is mapped again', () => {
    const instance = create();
    instance.subscribe(consumer(1), section);
    const request = { pages: { block, firstPage: 2, endPage: 4 }, gfns: { firstGfn: 2, endGfn: 4 } };
    expect(instance.convert(request, 'private')).toBe(-5);
    expect(calls).toEqual(['map 2+4', 'unmap 2+2', 'map 2+2']);
  });

  test('list/other-block: a conversion of one block is not for the followers of another', () => {
    const instance = create();
    const other = { ...block, name: 'other' };
    instance.addBlock(other);
    instance.subscribe(consumer(1), section);
    instance.convert({ pages: { block: other, firstPage: 2, endPage: 4 }, gfns: { firstGfn: 2, endGfn: 4 } }, 'private');
    expect(calls).toEqual(['map 2+4']);
  });

  test('list/lifetime: a block goes after its consumers, and only a follower leaves', () => {
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
