// SPDX-License-Identifier: MIT
/** A guest stored by runs and the same guest in exact storage: nothing that can be seen tells them apart. */
import type { PageStorage, Regime, Strategy } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type History, parseHistory, randomHistory, uncoordinated, type Violation, World, WORLD_BACKENDS, worldSpec, WorldSizeError } from '../src/index.ts';
import { WITNESSES } from '../src/judge/witnesses.ts';
import { forgetsRollback } from './strategies/conversion-faults.ts';
import { neverUnmaps } from './strategies/mapping-faults.ts';
import { reference } from './strategies/reference.ts';
import { anyHistory } from './support/arbitraries.ts';
import { settings } from './support/settings.ts';

/** Identities of frames are names: which ones a storage gives is its own. */
function withoutFrames(violations: readonly Violation[]): unknown[] {
  return violations.map(({ evidence, ...rest }) => {
    const { deviceFrame, backingFrame, detail, ...others } = evidence;
    const frames = [deviceFrame, backingFrame].map((frame) => frame && 'a frame');
    return { ...rest, ...others, frames, detail: detail?.replaceAll(/(frames?) (?:was )?\d+(?: and (?:is )?\d+)?/g, '$1') };
  });
}

function look(world: World): unknown {
  const { containers, memory, judge, machine } = world;
  const { orphanCount, pinCount, liveCount, peakLiveCount } = memory.frames;
  return {
    frames: { orphanCount, pinCount, liveCount, peakLiveCount },
    eventCount: machine.eventCount,
    containers: containers.map(({ kernel, listener }) => ({
      ...kernelCounts(kernel),
      notifications: listener.notificationCount,
    })),
    violations: withoutFrames(judge.violations),
    witnesses: WITNESSES.map((witness) => judge.witnesses.count(witness)),
    reports: machine.reports.map(({ deviceFrame, backingFrame, ...rest }) => ({ ...rest, leadsRight: deviceFrame === backingFrame })),
    flags: [machine.hasEnded, world.wasStopped, world.pendingCount, world.isUndecided],
  };
}

function kernelCounts({ mapCalls, unmapCalls, refusedMapCalls, refusedUnmapCalls, mappingCount, peakMappingCount, costs, account, done }: World['containers'][number]['kernel']): object {
  const { leaves4K, leaves2M, leaves1G, iotlbSyncs, tablePages, peakTablePages, bookkeepingBytes, peakBookkeepingBytes } = costs;
  const { lockedVm, pinnedVm, userLockedVm } = account;
  const paid = { leaves4K, leaves2M, leaves1G, iotlbSyncs, tablePages, peakTablePages, bookkeepingBytes, peakBookkeepingBytes };
  return { mapCalls, unmapCalls, refusedMapCalls, refusedUnmapCalls, mappingCount, peakMappingCount, done, paid, lockedVm, pinnedVm, userLockedVm };
}

/** All that is seen of a history, operation by operation, and at its end. */
function seen(strategy: Strategy, { world: spec, operations }: History, storage: PageStorage, sabotage?: (world: World) => void): unknown[] {
  const world = new World(spec, strategy, { storage });
  sabotage?.(world);
  const steps = operations.map((operation, at) => {
    const next = operations[at + 1];
    const answer = world.apply(operation, operation.op !== 'at' && next?.op === 'at' ? next : undefined);
    return [answer, look(world)];
  });
  world.finish();
  return [...steps, look(world)];
}

const REGIMES: readonly Regime[] = ['two-backend', 'in-place'];
const leafPages = fc.constantFrom(2, 4, 8, 512);

describe('storage by runs', () => {
  test.each([reference, uncoordinated, forgetsRollback, neverUnmaps].map((strategy) => [strategy.id, strategy] as const))(
    'storage/same: histories of %s go as in exact storage, step by step',
    (_, strategy) => {
      const history = fc.constantFrom(...WORLD_BACKENDS).chain((backend) =>
        fc.constantFrom(...REGIMES.filter((regime) => strategy.capabilities.regimes.includes(regime))).chain((regime) => randomHistory(strategy, backend, regime)),
      );
      fc.assert(
        fc.property(history, leafPages, (drawn, pages) => {
          expect(seen(strategy, drawn, { leafPages: pages })).toEqual(seen(strategy, drawn, 'exact'));
        }),
        settings(150),
      );
    },
  );

  test('storage/anything: so does whatever can be written down, operations inside others among it', () => {
    fc.assert(
      fc.property(anyHistory, leafPages, (drawn, pages) => {
        expect(seen(reference, drawn, { leafPages: pages })).toEqual(seen(reference, drawn, 'exact'));
      }),
      settings(300),
    );
  });

  test('storage/leaves: a guest of several leaves of 512 pages, cut in the middle of them', () => {
    const line =
      'world(pages=3000, vmem=4x256, containers=c0:type1v2,c1:vfio-user,c2:iommufd, onRefusal=retry); attach(c0); convert(100+2000,shared);' +
      'plug(m0,1+2); convert(3100+600,shared); attach(c1); refuse(c0,map,700,ENOMEM); convert(2000+1000,shared); heal;' +
      'convert(511+1,private); dma(c0,510,write); dma(c0,511,read); attach(c2); convert(0+1536,private); touch(1536); unplug(m0,1+1);' +
      'refuse(c1,unmap,1,EBUSY); convert(1500+100,private); detach(c0); reset; dump';
    const history = parseHistory(line);
    expect(seen(reference, history, 'run-length')).toEqual(seen(reference, history, 'exact'));
    expect(seen(uncoordinated, history, 'run-length')).toEqual(seen(uncoordinated, history, 'exact'));
  });

  test('storage/planted: a frame table by runs that loses pins is told from the exact one', () => {
    const history = parseHistory('world(pages=8); attach(c0); convert(0+8,shared); convert(2+3,private)');
    const losesPins = ({ memory }: World): void => void Object.assign(memory.frames, { pinRun: () => undefined, unpinRun: () => undefined });
    expect(seen(reference, history, { leafPages: 4 }, losesPins)).not.toEqual(seen(reference, history, 'exact'));
  });

  test('storage/planted: pieces that are cut too late are told from pages', () => {
    const history = parseHistory('world(pages=8); attach(c0); convert(0+8,shared); convert(2+3,private)');
    const neverEnds = ({ memory }: World): void => void Object.assign(memory, { endOfSide: (_section: unknown, _page: number, end: number) => end, endOfBacking: (_block: unknown, _page: number, end: number) => end });
    const far = parseHistory('world(pages=8); convert(2+3,shared); attach(c0); convert(0+8,shared)');
    const differs = [history, far].some((one) => JSON.stringify(seen(uncoordinated, one, { leafPages: 8 }, neverEnds)) !== JSON.stringify(seen(uncoordinated, one, 'exact')));
    expect(differs).toBe(true);
  });
});

describe('without a judge', () => {
  test('judge/off: the guest goes the same way, and nothing is found', () => {
    const history = parseHistory('world(pages=64, onRefusal=retry); attach(c0); convert(0+32,shared); refuse(c0,map,3,ENOMEM); convert(32+8,shared); heal; convert(4+4,private); dma(c0,0,read); dma(c0,5,read)');
    const run = (judge: boolean): { answers: unknown; counts: unknown; found: number } => {
      const world = new World(history.world, uncoordinated, { judge });
      const answers = history.operations.map((operation) => world.apply(operation));
      return { answers, counts: kernelCounts(world.containers[0]!.kernel), found: world.judge.violations.length };
    };
    const [judged, alone] = [run(true), run(false)];
    expect([alone.answers, alone.counts]).toEqual([judged.answers, judged.counts]);
    expect(judged.found).toBeGreaterThan(0);
    expect(alone.found).toBe(0);
  });
});

describe('size', () => {
  test('storage/size: what exact storage does not carry is refused by name, and run-length carries 1 TiB', () => {
    const spec = worldSpec({ pages: 2 ** 28 });
    expect(() => new World(spec, reference)).toThrow(WorldSizeError);
    const world = new World(spec, uncoordinated, { storage: 'run-length' });
    expect(world.apply({ op: 'convert', page: 2 ** 27, count: 2 ** 18, to: 'shared' })).toBe('0');
    expect(world.apply({ op: 'attach', container: 'c0' })).toBe('0');
    expect(world.containers[0]!.kernel.mappingCount).toBeGreaterThan(0);
    expect(world.memory.frames.pinCount).toBeGreaterThanOrEqual(2 ** 18);
    // It maps every page, those nobody shared among them.
    expect(world.judge.violations.map(({ invariant, evidence }) => [invariant, evidence.position])).toEqual([['bounded', 0]]);
  });
});
