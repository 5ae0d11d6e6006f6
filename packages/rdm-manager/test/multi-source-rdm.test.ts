// SPDX-License-Identifier: MIT
/*
 * Golden sequences of QEMU 11.1 (merge 9d526ed81d), walked from system/ram-discard-manager.c,
 * system/ram-block-attributes.c and hw/virtio/virtio-mem.c; those marked "observed" were seen on 11.1.3.
 * Page 0x10 is guest address 0x10000; c0 is the container attached first.
 */
import { parseHistory, runHistory } from '@sda-lab/conformance';
import { createSource, lastEvents, mappedGfns, replay, runsOf } from '@sda-lab/conformance/vitest';
import { AssertionFailure, type Consumer, ERRNO, type Host, type RamBlock, type Section } from '@sda-lab/guest-memory';
import { multiSourceRdm } from '@sda-lab/rdm-manager';
import { describe, expect, test } from 'vitest';

const TWO = 'world(containers=c0:type1v2,c1:type1v2, pages=64); attach(c0); attach(c1)';
const ONE = 'world(pages=64); attach(c0)';
// m0: two blocks of four pages, page 0 at guest page 0x140000, positions 8 to 15.
const VMEM = 'world(containers=c0:type1v2,c1:type1v2, pages=8, vmem=2x4); attach(c0); attach(c1)';

function found(line: string): string[] {
  return runHistory(multiSourceRdm, parseHistory(line)).violations.map(({ invariant, reach }) => `${invariant} ${reach}`);
}

describe('multi-source-rdm, conversions event by event', () => {
  test('11.1/k2: four private pages to shared, two containers: attributes, newest device, older one, punch (observed)', () => {
    expect(lastEvents(multiSourceRdm, `${TWO}; convert(16+4,shared)`)).toEqual([
      'KVM attributes gfn [0x10, 0x14) shared',
      'map c1 gfn [0x10, 0x14) (4 calls of 1)',
      'map c0 gfn [0x10, 0x14) (4 calls of 1)',
      'discard private side of ram [0x10, 0x14)',
    ]);
  });

  test('11.1/k3: a refused third map is undone by its listener, then by the manager at both, no punch (observed)', () => {
    const { world, answers, events } = replay(multiSourceRdm, `${TWO}; refuse(c0,map,3,ENOMEM); convert(16+4,shared)`);
    expect(events.at(-1)).toEqual([
      'KVM attributes gfn [0x10, 0x14) shared',
      'map c1 gfn [0x10, 0x14) (4 calls of 1)',
      'map c0 gfn [0x10, 0x14) (4 calls of 1, 2 of 4 made) -> -ENOMEM',
      'unmap c0 gfn [0x10, 0x14) [rollback]',
      'unmap c1 gfn [0x10, 0x14)',
      'unmap c0 gfn [0x10, 0x14)',
    ]);
    const [ram] = world.memory.blocks as [RamBlock];
    expect([answers.at(-1), world.wasStopped]).toEqual(['-ENOMEM', true]);
    expect(world.memory.sideAt(world.layout.spanAt(16).section, 16)).toBe('shared');
    expect(runsOf(world, ram, 'dma')).toEqual(['16-20 shared']);
    expect([mappedGfns(world, 0), mappedGfns(world, 1)]).toEqual([[], []]);
  });

  test('11.1/k3-newest: the newest device refuses: it alone is undone, twice, the older is not asked', () => {
    expect(lastEvents(multiSourceRdm, `${TWO}; refuse(c1,map,1,ENOMEM); convert(16+4,shared)`).slice(1)).toEqual([
      'map c1 gfn [0x10, 0x14) (4 calls of 1, 0 of 4 made) -> -ENOMEM',
      'unmap c1 gfn [0x10, 0x14) [rollback]',
      'unmap c1 gfn [0x10, 0x14)',
    ]);
  });

  test('11.1/k3-repeated: repeated across a reset, the request maps nothing and reports success (observed)', () => {
    const line = `${TWO}; refuse(c0,map,3,ENOMEM); convert(16+4,shared); heal; reset; convert(16+4,shared)`;
    const { world, answers, events } = replay(multiSourceRdm, line);
    expect(events.at(-1)).toEqual(['KVM attributes gfn [0x10, 0x14) shared', 'discard private side of ram [0x10, 0x14)']);
    expect([answers.at(-1), mappedGfns(world, 0), mappedGfns(world, 1)]).toEqual(['0', [], []]);
  });

  test('11.1/k3-mixture: pages up to the refused one are lost, the later ones are mapped on a retry (observed)', () => {
    const line = `${ONE}; convert(17+1,shared); refuse(c0,map,2,ENOMEM); convert(16+4,shared)`;
    expect(lastEvents(multiSourceRdm, line)).toEqual([
      'KVM attributes gfn [0x10, 0x14) shared',
      'map c0 gfn [0x10, 0x11) (1 call)',
      'map c0 gfn [0x12, 0x13) (1 call, 0 of 1 made) -> -ENOMEM',
      'unmap c0 gfn [0x12, 0x13) [rollback]',
      'unmap c0 gfn [0x12, 0x13)',
    ]);
    expect(replay(multiSourceRdm, `${line}; heal`).events.at(-1)).toEqual([
      'KVM attributes gfn [0x10, 0x14) shared',
      'map c0 gfn [0x13, 0x14) (1 call)',
      'discard private side of ram [0x10, 0x14)',
    ]);
  });

  test('11.1/k4: a mixture to private goes page by page, neighbours are not joined, one discard (observed)', () => {
    expect(lastEvents(multiSourceRdm, `${ONE}; convert(16+1,shared); convert(18+2,shared); convert(16+4,private)`)).toEqual([
      'KVM attributes gfn [0x10, 0x14) private',
      'unmap c0 gfn [0x10, 0x11)',
      'unmap c0 gfn [0x12, 0x13)',
      'unmap c0 gfn [0x13, 0x14)',
      'discard shared side of ram [0x10, 0x14)',
    ]);
  });

  test('11.1/k4-two-devices: a mixture goes page by page, device by device in each (observed)', () => {
    expect(lastEvents(multiSourceRdm, `${TWO}; convert(17+1,shared); convert(16+3,shared)`).slice(1, -1)).toEqual([
      'map c1 gfn [0x10, 0x11) (1 call)',
      'map c0 gfn [0x10, 0x11) (1 call)',
      'map c1 gfn [0x12, 0x13) (1 call)',
      'map c0 gfn [0x12, 0x13) (1 call)',
    ]);
  });

  test('11.1/k5: a range wholly shared is one unmap over its four mappings; again, nobody is told (observed)', () => {
    const line = `${ONE}; convert(16+4,shared); convert(16+4,private)`;
    const discard = 'discard shared side of ram [0x10, 0x14)';
    expect(lastEvents(multiSourceRdm, line)).toEqual([
      'KVM attributes gfn [0x10, 0x14) private',
      'unmap c0 gfn [0x10, 0x14)',
      discard,
    ]);
    expect(lastEvents(multiSourceRdm, `${line}; convert(16+4,private)`)).toEqual([
      'KVM attributes gfn [0x10, 0x14) private',
      discard,
    ]);
  });

  test('11.1/k6: with two aliases of one block only the section that shows the range is told', () => {
    expect(lastEvents(multiSourceRdm, 'world(pages=64); attach(c0); convert(32+2,shared)')).toEqual([
      'KVM attributes gfn [0x100000, 0x100002) shared',
      'map c0 gfn [0x100000, 0x100002) (2 calls of 1)',
      'discard private side of ram [0x20, 0x22)',
    ]);
  });

  test('11.1/k7: hot-add replays each run; hot-remove is one unmap per whole section (observed)', () => {
    const line = 'world(pages=64); convert(16+4,shared); convert(30+4,shared); attach(c0); detach(c0)';
    const { events } = replay(multiSourceRdm, line);
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

  test('11.1/replay-refused: a refused replay stops, its run is undone, and the attach succeeds (observed)', () => {
    const line = 'world(pages=16); convert(8+1,shared); convert(10+1,shared); convert(12+1,shared); refuse(c0,map,3,ENOMEM); attach(c0)';
    const { world, answers, events } = replay(multiSourceRdm, line);
    // The ROM's section comes before the one of the replay.
    expect(events.at(-1)!.slice(1)).toEqual([
      'map c0 gfn [0x100000, 0x100001) (1 call) [attach]',
      'map c0 gfn [0x100002, 0x100003) (1 call, 0 of 1 made) -> -ENOMEM [attach]',
      'unmap c0 gfn [0x100002, 0x100003) [rollback]',
    ]);
    expect([answers.at(-1), mappedGfns(world)]).toEqual(['0', [0x100000]]);
    expect(found(line)).toContain('complete live');
  });

  test('11.1/unmap-refused: printed only, the memory is freed, the mapping stays (observed)', () => {
    const line = 'world(pages=8, containers=c0:vfio-user); attach(c0); convert(0+1,shared); refuse(c0,unmap,1,EINVAL); convert(0+1,private)';
    const { world, answers, events } = replay(multiSourceRdm, line);
    expect([answers.at(-1), mappedGfns(world)]).toEqual(['0', [0]]);
    expect(events.at(-1)).toEqual([
      'KVM attributes gfn [0x0, 0x1) private',
      'unmap c0 gfn [0x0, 0x1) -> -EINVAL',
      'discard shared side of ram [0x0, 0x1)',
    ]);
  });
});

describe('multi-source-rdm across a reset', () => {
  const line = 'world(containers=c0:type1v2,c1:type1v2, pages=8); attach(c0); convert(0+3,shared); reset; attach(c1)';

  test('11.1/reset: attributes turn private, bitmap and mappings stay (observed)', () => {
    const { world, events } = replay(multiSourceRdm, line.replace('; attach(c1)', ''));
    const [ram] = world.memory.blocks as [RamBlock];
    expect(events.at(-1)!.filter((event) => event.startsWith('unmap'))).toEqual([]);
    expect(world.memory.sideAt(world.layout.spanAt(0).section, 0)).toBe('private');
    expect([runsOf(world, ram, 'dma'), mappedGfns(world)]).toEqual([['0-3 shared'], [0, 1, 2]]);
  });

  test('11.1/reset-then-hot-add: the device that comes maps the pages that are private now (observed)', () => {
    const { world, events } = replay(multiSourceRdm, line);
    expect(events.at(-1)![0]).toBe('map c1 gfn [0x0, 0x3) (3 calls of 1) [attach]');
    expect(mappedGfns(world, 1)).toEqual([0, 1, 2]);
    expect(found(line)).toContain('bounded live');
  });

  test('11.1/reset-then-private: the unmap that was due comes with the next conversion to private (observed)', () => {
    expect(lastEvents(multiSourceRdm, `${line}; convert(0+3,private)`)).toEqual([
      'KVM attributes gfn [0x0, 0x3) private',
      'unmap c1 gfn [0x0, 0x3)',
      'unmap c0 gfn [0x0, 0x3)',
      'discard shared side of ram [0x0, 0x3)',
    ]);
  });
});

describe('multi-source-rdm with virtio-mem on the block', () => {
  test('11.1/k8: a refused plug is undone at every listener told, the refusing one included; a retry is clean', () => {
    const { events, answers } = replay(multiSourceRdm, `${VMEM}; convert(8+4,shared); refuse(c0,map,2,ENOMEM); plug(m0,0+1); heal`);
    expect(events.at(-2)).toEqual([
      'map c1 gfn [0x140000, 0x140004) (4 calls of 1)',
      'map c0 gfn [0x140000, 0x140004) (4 calls of 1, 1 of 4 made) -> -ENOMEM',
      'unmap c0 gfn [0x140000, 0x140004) [rollback]',
      'unmap c1 gfn [0x140000, 0x140004)',
      'unmap c0 gfn [0x140000, 0x140004)',
      'discard shared side of m0 [0x0, 0x4)',
      'discard private side of m0 [0x0, 0x4)',
    ]);
    expect(answers.slice(-2)).toEqual(['BUSY', '0, 1 retried']);
    expect(events.at(-1)).toEqual([
      'map c1 gfn [0x140000, 0x140004) (4 calls of 1)',
      'map c0 gfn [0x140000, 0x140004) (4 calls of 1)',
      'm0 [0x0, 0x4) is plugged',
    ]);
  });

  test('11.1/k9: unplug is one unmap per shared run, a conversion meanwhile tells nobody, replug maps what is shared (observed)', () => {
    const { events } = replay(
      multiSourceRdm,
      `${VMEM}; plug(m0,0+2); convert(8+2,shared); convert(11+2,shared); unplug(m0,0+2); convert(8+1,private); convert(14+1,shared); plug(m0,0+2)`,
    );
    expect(events.at(-4)).toEqual([
      'discard shared side of m0 [0x0, 0x8)',
      'discard private side of m0 [0x0, 0x8)',
      'unmap c1 gfn [0x140000, 0x140002)', 'unmap c1 gfn [0x140003, 0x140005)',
      'unmap c0 gfn [0x140000, 0x140002)', 'unmap c0 gfn [0x140003, 0x140005)',
      'm0 [0x0, 0x8) is unplugged',
    ]);
    expect(events.at(-3)).toEqual(['KVM attributes gfn [0x140000, 0x140001) private', 'discard shared side of m0 [0x0, 0x1)']);
    expect(events.at(-2)).toEqual(['KVM attributes gfn [0x140006, 0x140007) shared', 'discard private side of m0 [0x6, 0x7)']);
    expect(events.at(-1)!.slice(0, 3)).toEqual([
      'map c1 gfn [0x140001, 0x140002) (1 call)', 'map c1 gfn [0x140003, 0x140005) (2 calls of 1)', 'map c1 gfn [0x140006, 0x140007) (1 call)',
    ]);
  });

  test('11.1/plug-private: plugging private blocks tells nobody (observed)', () => {
    expect(lastEvents(multiSourceRdm, `${VMEM}; plug(m0,0+2)`)).toEqual(['m0 [0x0, 0x8) is plugged']);
  });

  test('11.1/unplug-all: one unmap of the whole region per device, whatever is shared (observed)', () => {
    expect(lastEvents(multiSourceRdm, `${VMEM}; plug(m0,0+2); convert(8+1,shared); unplug-all(m0)`)).toEqual([
      'discard shared side of m0 [0x0, 0x8)',
      'discard private side of m0 [0x0, 0x8)',
      'unmap c1 gfn [0x140000, 0x140008)',
      'unmap c0 gfn [0x140000, 0x140008)',
      'm0 [0x0, 0x8) is unplugged',
    ]);
  });

  test('11.1/hot-add: a device that comes maps the AND of both (observed)', () => {
    const { world } = replay(multiSourceRdm, 'world(pages=8, vmem=2x4); convert(8+6,shared); plug(m0,1+1); attach(c0)');
    expect(mappedGfns(world)).toEqual([0x140004, 0x140005]);
  });

  test('11.1/detach-idle: a device that goes unmaps the whole region with nothing plugged (observed)', () => {
    expect(lastEvents(multiSourceRdm, 'world(pages=8, vmem=2x4); attach(c0); detach(c0)')).toContain('unmap c0 gfn [0x140000, 0x140008) [detach]');
  });
});

/** An instance with one block of 16 pages and a consumer that writes down what it is told. */
function createProbe(hasGuestMemfd = true): {
  calls: string[];
  instance: ReturnType<typeof multiSourceRdm.create>;
  block: RamBlock;
  section: Section;
  consumer: Consumer & { refusals: number };
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
  const block: RamBlock = { name: 'ram', pageCount: 16, hostFirstPage: 0, hasGuestMemfd };
  const section = { name: 'ram', block, firstPage: 0, pageCount: 16, firstGfn: 0, readonly: false };
  const consumer = {
    name: 'c0', sides: 'shared' as const, smallestPages: 1, unmapShape: 'range' as const, done: 0, refusals: 0,
    mapRun: (_section: Section, _side: unknown, first: number, count: number, granule: number): number => {
      calls.push(`map ${first}+${count} by ${granule}`);
      return consumer.refusals > 0 ? -ERRNO.ENOMEM : 0;
    },
    unmapRun: (_section: Section, _side: unknown, first: number, count: number): number => {
      calls.push(`unmap ${first}+${count}`);
      return 0;
    },
  };
  const instance = multiSourceRdm.create(host, new Set());
  instance.addBlock(block);
  return { calls, instance, block, section, consumer };
}

describe('plug sources that come and go', () => {
  const request = (block: RamBlock, firstPage: number, endPage: number) =>
    ({ pages: { block, firstPage, endPage }, gfns: { firstGfn: firstPage, endGfn: endPage } });

  test('11.1/source-late: a source that comes takes from the listeners what it calls unplugged and is shared', () => {
    const { calls, instance, block, section, consumer } = createProbe();
    instance.subscribe(consumer, section);
    instance.convert(request(block, 2, 6), 'shared');
    calls.length = 0;
    expect(instance.attachSource(block, createSource(4, new Set([0, 1, 2, 3])))).toBe(0);
    expect(calls).toEqual(['unmap 4+2']);
  });

  test('11.1/source-goes: what only it called unplugged is mapped; a refusal is undone and it stays', () => {
    const { calls, instance, block, section, consumer } = createProbe();
    const source = createSource(4, new Set());
    instance.attachSource(block, source);
    instance.subscribe(consumer, section);
    instance.convert(request(block, 2, 4), 'shared');
    calls.length = 0;
    consumer.refusals = 1;
    expect(instance.detachSource(block, source)).toBe(-ERRNO.ENOMEM);
    expect(calls.splice(0)).toEqual(['map 2+2 by 1', 'unmap 2+2']);
    consumer.refusals = 0;
    expect(instance.detachSource(block, source)).toBe(0);
    expect(calls).toEqual(['map 2+2 by 1']);
    expect(instance.detachSource(block, source)).toBe(-ERRNO.ENOENT);
  });

  test('11.1/source-twice: the same source twice is -EBUSY, another one is welcome', () => {
    const { instance, block } = createProbe();
    const source = createSource(4, new Set());
    expect([source, source, createSource(2, new Set())].map((one) => instance.attachSource(block, one))).toEqual([0, -ERRNO.EBUSY, 0]);
  });

  test('11.1/granule-latched: a finer source that comes later leaves the granule of old mappings (without guest_memfd)', () => {
    const { calls, instance, block, section, consumer } = createProbe(false);
    const all = new Set(Array.from({ length: 16 }, (_, page) => page));
    const coarse = createSource(8, all);
    instance.attachSource(block, coarse);
    instance.subscribe(consumer, section);
    const finer = createSource(2, all);
    instance.attachSource(block, finer);
    instance.plug.willPlug(finer, { block, firstPage: 2, endPage: 4 });
    instance.plug.discarded(finer, { block, firstPage: 2, endPage: 4 });
    expect(calls).toEqual(['map 0+16 by 8', 'map 2+2 by 8', 'unmap 2+2']);
  });

  test('11.1/no-source: without a source all of a block is populated, in one map', () => {
    const { calls, instance, section, consumer } = createProbe(false);
    instance.subscribe(consumer, section);
    expect(calls).toEqual(['map 0+16 by 16']);
  });

  test('11.1/address-of-runs: runs that a walk makes carry address 0 where an address is read (derived)', () => {
    const { instance, block } = createProbe();
    instance.convert(request(block, 4, 6), 'shared');
    const places = (['dma', 'dump', 'migrate', 'translate'] as const).map((view) => {
      const runs: unknown[] = [];
      instance.runs(block, view, 0, 16, (...run) => (runs.push(run), 0));
      return runs;
    });
    expect(places).toEqual([[[4, 6, 'shared', 0]], [[4, 6, 'shared', 0]], [[4, 6, 'shared']], [[4, 6, 'shared']]]);
  });

  test('11.1/lifetime: a block goes after its listeners, a stranger tells of no plug, a follower leaves once', () => {
    const { instance, block, section, consumer } = createProbe();
    const stranger = createSource(4, new Set());
    expect(() => instance.plug.willPlug(stranger, { block, firstPage: 0, endPage: 4 })).toThrow(AssertionFailure);
    instance.subscribe(consumer, section);
    expect(() => instance.removeBlock(block)).toThrow(AssertionFailure);
    instance.unsubscribe(consumer, section);
    expect(() => instance.unsubscribe(consumer, section)).toThrow(AssertionFailure);
    instance.removeBlock(block);
  });

  test('11.1/past-the-block: a request past the block is refused after the attributes were changed (observed)', () => {
    const { calls, instance, block } = createProbe();
    expect(instance.convert(request(block, 14, 18), 'shared')).toBe(-ERRNO.EINVAL);
    expect(calls).toEqual(['attributes']);
  });
});
