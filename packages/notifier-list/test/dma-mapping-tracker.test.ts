// SPDX-License-Identifier: MIT
/* Cloud Hypervisor's tracker (PR 8501), event by event. Page 0x10 is guest address 0x10000; c0 is registered first. */
import { CASES, KERNEL_BACKENDS, parseHistory, runConformance, runHistory, type Violation } from '@sda-lab/conformance';
import { lastEvents, mappedGfns, replay, runsOf } from '@sda-lab/conformance/vitest';
import { AssertionFailure, type Consumer, ERRNO, type Host, type Instance, type RamBlock, type Strategy } from '@sda-lab/guest-memory';
import { dmaMappingTracker } from '@sda-lab/notifier-list';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { firstDisagreement, trackerOperations } from './support/tracker-model.ts';

const ONE = 'world(pages=64); attach(c0)';
const TWO = 'world(containers=c0:type1v2,c1:type1v2, pages=64); attach(c0); attach(c1)';

const violationsOf = (line: string): readonly Violation[] => runHistory(dmaMappingTracker, parseHistory(line)).violations;
const brokenIn = (line: string): string[] => violationsOf(line).map(({ invariant, reach }) => `${invariant} ${reach}`);

describe('dma-mapping-tracker, event by event', () => {
  test('tracker/share: one map call a page, handlers in the order they came', () => {
    expect(lastEvents(dmaMappingTracker, `${TWO}; convert(16+2,shared)`)).toEqual([
      'KVM attributes gfn [0x10, 0x12) shared',
      'map c0 gfn [0x10, 0x11) (1 call)',
      'map c1 gfn [0x10, 0x11) (1 call)',
      'map c0 gfn [0x11, 0x12) (1 call)',
      'map c1 gfn [0x11, 0x12) (1 call)',
      'discard private side of ram [0x10, 0x12)',
    ]);
  });

  test('tracker/unshare: one unmap call a run', () => {
    expect(lastEvents(dmaMappingTracker, `${TWO}; convert(16+3,shared); convert(17+1,private); convert(16+3,private)`)).toEqual([
      'KVM attributes gfn [0x10, 0x13) private',
      'unmap c0 gfn [0x10, 0x11)',
      'unmap c1 gfn [0x10, 0x11)',
      'unmap c0 gfn [0x12, 0x13)',
      'unmap c1 gfn [0x12, 0x13)',
      'discard shared side of ram [0x10, 0x13)',
    ]);
  });

  test('tracker/redundant: what is shared already is not mapped again', () => {
    expect(lastEvents(dmaMappingTracker, `${ONE}; convert(17+1,shared); convert(16+3,shared)`)).toEqual([
      'KVM attributes gfn [0x10, 0x13) shared',
      'map c0 gfn [0x10, 0x11) (1 call)',
      'map c0 gfn [0x12, 0x13) (1 call)',
      'discard private side of ram [0x10, 0x13)',
    ]);
  });

  test('tracker/late: a late handler is replayed to page by page, one that goes is unmapped run by run', () => {
    const { world, events } = replay(
      dmaMappingTracker,
      'world(containers=c0:type1v2,c1:type1v2, pages=64); attach(c0); convert(30+4,shared); attach(c1); detach(c1)',
    );
    // Pages from 32 on are shown at 4 GiB.
    const gfns = ['0x1e, 0x1f', '0x1f, 0x20', '0x100000, 0x100001', '0x100001, 0x100002'];
    const rom = 'gfn [0xfffff, 0x100000)';
    expect(events.at(-2)!.filter((event) => !event.includes(rom))).toEqual(gfns.map((gfn) => `map c1 gfn [${gfn}) (1 call) [attach]`));
    expect(events.at(-1)!.filter((event) => !event.includes(rom))).toEqual([
      'unmap c1 gfn [0x1e, 0x20) [detach]',
      'unmap c1 gfn [0x100000, 0x100002) [detach]',
    ]);
    expect([mappedGfns(world, 0), mappedGfns(world, 1)]).toEqual([[0x1e, 0x1f, 0x100000, 0x100001], []]);
  });
});

describe('dma-mapping-tracker, refused', () => {
  const REFUSED = 'attach(c0); attach(c1); refuse(c0,map,2,ENOMEM); convert(16+4,shared)';

  test('tracker/refused: bits before calls, no rollback: pages before stay, the refused one counts as shared', () => {
    const { world, answers, events } = replay(dmaMappingTracker, `world(containers=c0:type1v2,c1:type1v2, pages=64); ${REFUSED}`);
    expect(events.at(-1)).toEqual([
      'KVM attributes gfn [0x10, 0x14) shared',
      'map c0 gfn [0x10, 0x11) (1 call)',
      'map c1 gfn [0x10, 0x11) (1 call)',
      'map c0 gfn [0x11, 0x12) (1 call, 0 of 1 made) -> -ENOMEM',
    ]);
    const [ram] = world.memory.blocks as [RamBlock];
    expect([answers.at(-1), world.wasStopped, runsOf(world, ram, 'dma')]).toEqual(['-ENOMEM', true, ['16-18 shared']]);
    expect([mappedGfns(world, 0), mappedGfns(world, 1)]).toEqual([[16], [16]]);
  });

  test('tracker/retry: the request repeated passes over the refused page and reports success', () => {
    const line = `world(containers=c0:type1v2,c1:type1v2, pages=64, onRefusal=retry); ${REFUSED}; heal`;
    const { world, answers } = replay(dmaMappingTracker, line);
    expect([answers.at(-1), mappedGfns(world, 0), mappedGfns(world, 1)]).toEqual(['0, 1 retried', [16, 18, 19], [16, 18, 19]]);
  });

  test.each([
    { onRefusal: 'stop', reach: 'latent' },
    { onRefusal: 'retry', reach: 'live' },
  ])('tracker/retry-hole: with onRefusal=$onRefusal it is $reach', ({ onRefusal, reach }) => {
    const found = violationsOf(`world(onRefusal=${onRefusal}); attach(c0); refuse(c0,map,1,ENOMEM); convert(0+1,shared)`);
    expect(found.find(({ invariant }) => invariant === 'atomic')).toMatchObject({
      reach,
      evidence: { reason: 'success-without-mapping', position: 0 },
    });
    expect(found.find(({ invariant }) => invariant === 'complete')).toMatchObject({ reach });
  });

  test('tracker/unmap-refused: nothing is freed, and the request repeated unmaps', () => {
    const line = `world(pages=64, onRefusal=retry); attach(c0); convert(16+2,shared); refuse(c0,unmap,1,EBUSY); convert(16+2,private); heal`;
    const { answers, events } = replay(dmaMappingTracker, line);
    expect([answers.at(-2), events.at(-2), answers.at(-1)]).toEqual([
      '-EBUSY',
      ['KVM attributes gfn [0x10, 0x12) private', 'unmap c0 gfn [0x10, 0x12) -> -EBUSY'],
      '0, 1 retried',
    ]);
    expect(brokenIn(line).toSorted()).toEqual(['atomic live', 'bounded live']);
  });

  test('tracker/replay-refused: a replay that is refused leaves what it mapped, and the handler is not followed', () => {
    const line = 'convert(0+2,shared); refuse(c0,map,2,ENOMEM); attach(c0)';
    const { world, answers } = replay(dmaMappingTracker, line);
    expect(answers.at(-1)).toBe('-ENOMEM');
    expect(violationsOf(line)).toMatchObject([{ invariant: 'hotplug', evidence: { reason: 'left-behind', detail: '1 mapping(s)' } }]);
    const before = world.containers[0]!.kernel.mapCalls;
    world.apply({ op: 'convert', page: 4, count: 1, to: 'shared' });
    expect(world.containers[0]!.kernel.mapCalls).toBe(before);
  });

  test('tracker/strict: a server that wants each mapping named refuses the coalesced unmap', () => {
    const line = (count: number): string =>
      `world(containers=c0:vfio-user-strict, pages=64, onRefusal=retry); attach(c0); convert(16+${count},shared); convert(16+${count},private)`;
    expect(brokenIn(line(1))).toEqual([]);
    expect(brokenIn(line(2))).toEqual(expect.arrayContaining(['legal-calls live', 'progress live']));
  });
});

describe('dma-mapping-tracker against the naive one', () => {
  test('tracker/model: calls, mappings and answers are the same', () => {
    fc.assert(
      fc.property(trackerOperations, (operations) => {
        expect(firstDisagreement(dmaMappingTracker, operations)).toBeUndefined();
      }),
      { seed: 5, numRuns: 1000 },
    );
  });

  const planted = (change: (instance: Instance) => Partial<Instance>): Strategy => ({
    ...dmaMappingTracker,
    create: (host, without) => {
      const instance = dmaMappingTracker.create(host, without);
      return { ...instance, ...change(instance) };
    },
  });
  test.each([
    { name: 'maps a page less', change: (instance: Instance) => ({
      convert: (request, to) => instance.convert({ ...request, pages: { ...request.pages, endPage: Math.max(request.pages.firstPage + 1, request.pages.endPage - 1) } }, to),
    }) satisfies Partial<Instance> },
    { name: 'hides a refusal', change: (instance: Instance) => ({
      convert: (request, to) => (instance.convert(request, to), 0),
    }) satisfies Partial<Instance> },
    { name: 'unmaps nobody who goes', change: () => ({ unsubscribe: () => undefined }) satisfies Partial<Instance> },
  ])('tracker/model-bites: one that $name is found', ({ change }) => {
    const run = (): void =>
      fc.assert(
        fc.property(trackerOperations, (operations) => firstDisagreement(planted(change), operations) === undefined),
        { seed: 5, numRuns: 1000 },
      );
    expect(run).toThrow('Property failed');
  });
});

describe('dma-mapping-tracker by hand', () => {
  const block: RamBlock = { name: 'ram', pageCount: 8, hostFirstPage: 0, hasGuestMemfd: true };
  const section = { name: 'ram', block, firstPage: 0, pageCount: 8, firstGfn: 0, readonly: false };
  const calls: string[] = [];
  const host = (status = 0): Host => ({
    regime: 'two-backend',
    isDiscardDisabled: false,
    setAttributes: () => (calls.push('attributes'), status),
    convertInPlace: () => -ERRNO.EINVAL,
    discard: () => (calls.push('discard'), 0),
    lock: () => true,
    unlock: () => undefined,
    exit: () => undefined,
  });
  const consumer = (smallestPages: number): Consumer => ({
    name: 'c0',
    sides: 'shared',
    smallestPages,
    unmapShape: 'range',
    done: 0,
    mapRun: (_section, _side, first, count) => (calls.push(`map ${first}+${count}`), 0),
    unmapRun: (_section, _side, first, count) => (calls.push(`unmap ${first}+${count}`), 0),
  });
  const create = (status = 0): Instance => {
    calls.length = 0;
    const instance = dmaMappingTracker.create(host(status), new Set());
    instance.addBlock(block);
    return instance;
  };
  const request = { pages: { block, firstPage: 2, endPage: 4 }, gfns: { firstGfn: 2, endGfn: 4 } };

  test('tracker/one-owner: no second state owner, no reset, no plug event', () => {
    const instance = create();
    const source = { name: 'm0', granulePages: 4, isPlugged: () => true };
    expect([instance.attachSource(block, source), instance.detachSource(block, source), instance.reset()]).toEqual([
      -ERRNO.EBUSY,
      -ERRNO.ENOENT,
      -ERRNO.EOPNOTSUPP,
    ]);
    expect(() => instance.plug.willPlug(source, request.pages)).toThrow(AssertionFailure);
  });

  test('tracker/one-granularity: a consumer that cannot map single pages is -EINVAL and not followed', () => {
    const instance = create();
    expect(instance.subscribe(consumer(2), section)).toBe(-ERRNO.EINVAL);
    instance.convert(request, 'shared');
    expect(calls).toEqual(['attributes', 'discard']);
  });

  test('tracker/host-refuses: when the side cannot be switched nothing is tracked', () => {
    const instance = create(-5);
    instance.subscribe(consumer(1), section);
    expect([instance.convert(request, 'shared'), instance.convert(request, 'private')]).toEqual([-5, -5]);
    expect(calls).toEqual(['attributes', 'attributes']);
  });

  test('tracker/past-the-block: a request past the block is -EINVAL before anything happens', () => {
    const past = { pages: { block, firstPage: 4, endPage: 9 }, gfns: { firstGfn: 4, endGfn: 9 } };
    expect([create().convert(past, 'shared'), calls]).toEqual([-ERRNO.EINVAL, []]);
  });

  test('tracker/plain-block: a block without guest_memfd is all shared', () => {
    const instance = create();
    const plain = { ...block, name: 'plain', hasGuestMemfd: false };
    instance.addBlock(plain);
    instance.subscribe(consumer(1), { ...section, block: plain, firstPage: 1, pageCount: 2 });
    expect(calls).toEqual(['map 1+1', 'map 2+1']);
  });

  test('tracker/other-block: a conversion of one block is not for the handlers of another', () => {
    const instance = create();
    const other = { ...block, name: 'other' };
    instance.addBlock(other);
    instance.subscribe(consumer(1), section);
    const elsewhere = { ...request, pages: { ...request.pages, block: other } };
    expect([instance.convert(elsewhere, 'shared'), instance.convert(elsewhere, 'private')]).toEqual([0, 0]);
    expect(calls).toEqual(['attributes', 'discard', 'attributes', 'discard']);
  });

  test('tracker/lifetime: a block goes after its handlers, and only a handler leaves', () => {
    const instance = create();
    const one = consumer(1);
    expect(() => instance.unsubscribe(one, section)).toThrow(AssertionFailure);
    instance.subscribe(one, section);
    expect(() => instance.removeBlock(block)).toThrow(AssertionFailure);
    instance.unsubscribe(one, section);
    instance.removeBlock(block);
    expect(() => instance.subscribe(one, section)).toThrow(AssertionFailure);
  });

  test('tracker/views: devices get the shared pages, whoever does not ask sees plain RAM', () => {
    const instance = create();
    instance.convert(request, 'shared');
    const shown = (view: 'dma' | 'dump' | 'migrate'): string[] => {
      const runs: string[] = [];
      instance.runs(block, view, 1, 8, (first, end, side) => (runs.push(`${first}-${end} ${side}`), 0));
      return runs;
    };
    expect([shown('dma'), shown('dump'), shown('migrate')]).toEqual([['2-4 shared'], ['1-8 shared'], ['1-8 shared']]);
  });
});

describe('dma-mapping-tracker in the suite', () => {
  const cases = CASES.filter(({ setUp }) => setUp === 'as-written');
  const { cells } = runConformance(dmaMappingTracker, { backends: KERNEL_BACKENDS, regimes: ['two-backend'], cases, runs: 200 });

  test.each(cells.map((cell) => [cell.backend, cell] as const))('tracker/suite: on %s what holds is coherence, isolation, order, rights', (_backend, { broken }) => {
    const fallen = new Set(broken.map(({ invariant }) => invariant));
    expect(['coherent', 'isolated', 'order', 'rights', 'coordinated', 'nonfatal', 'progress'].filter((invariant) => fallen.has(invariant as 'order'))).toEqual([]);
    expect(['complete', 'atomic', 'hotplug'].filter((invariant) => !fallen.has(invariant as 'order'))).toEqual([]);
  });
});
