// SPDX-License-Identifier: MIT
/* v1 patch 7/7 as posted (20241213070852.106092-8): one boolean on every question, and answers that do not fit together. */
import { Bitmap } from '@sda-lab/core-bitmap';
import { type History, parseHistory, randomHistory, runHistory } from '@sda-lab/conformance';
import { replay, runsOf } from '@sda-lab/conformance/vitest';
import { ERRNO, type RamBlock, type Status } from '@sda-lab/guest-memory';
import { extendedRdmAsPosted, rdmPrivateAsDiscarded } from '@sda-lab/rdm-manager';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IsPrivateManager } from '../src/is-private/is-private-manager.ts';

const MIXED = 'world(pages=8); convert(0+2,shared); convert(3+1,shared)';
const lookOf = (strategy: typeof extendedRdmAsPosted, line: string): unknown =>
  runHistory(strategy, parseHistory(line)).violations.find(({ invariant }) => invariant === 'consumers-see');

describe('extended-rdm-as-posted, what each user gets', () => {
  test('posted/migration-skips-shared: pages that the RFC sends are left out, and the copy holds zeros', () => {
    const line = 'world(pages=1); convert(0+1,shared); touch(0); migrate(start)';
    expect(lookOf(extendedRdmAsPosted, line)).toMatchObject({
      reach: 'latent',
      evidence: { reason: 'wrong-copy', position: 0, heldValue: 0, owedValue: 0xa1 },
    });
    expect(lookOf(rdmPrivateAsDiscarded, line)).toBeUndefined();
    expect(lookOf(extendedRdmAsPosted, 'world(pages=1); convert(0+1,shared); migrate(start)')).toMatchObject({
      evidence: { reason: 'page-not-seen', position: 0, detail: 'migration' },
    });
  });

  test('posted/migration-sends-private: private pages go out as plain RAM, read from the shared side', () => {
    expect(lookOf(extendedRdmAsPosted, 'world(pages=1); touch(0); migrate(start)')).toMatchObject({
      reach: 'latent',
      evidence: { reason: 'wrong-copy', position: 0, heldValue: 0, owedValue: 0xa1, detail: 'migration: it was shown as shared and read from that side' },
    });
    expect(lookOf(extendedRdmAsPosted, 'migrate(start)')).toMatchObject({
      evidence: { reason: 'page-seen-wrongly', position: 0, shownSide: 'shared', detail: 'migration' },
    });
  });

  test('posted/dump: private pages are missing, live, as in the RFC', () => {
    const found = { reach: 'live', evidence: { reason: 'page-not-seen', position: 0, detail: 'dump' } };
    for (const strategy of [extendedRdmAsPosted, rdmPrivateAsDiscarded]) expect(lookOf(strategy, 'dump')).toMatchObject(found);
  });

  test('posted/views: migration gets exactly what everybody else is told is not there', () => {
    const { world } = replay(extendedRdmAsPosted, MIXED);
    const [ram] = world.memory.blocks as [RamBlock];
    const shared = ['0-2 shared', '3-4 shared'];
    expect(['dma', 'dump', 'translate'].map((view) => runsOf(world, ram, view as 'dma'))).toEqual([shared, shared, shared]);
    expect(runsOf(world, ram, 'migrate')).toEqual(['2-3 shared', '4-8 shared']);
    expect(runsOf(world, ram, 'migrate', 1, 5)).toEqual(['2-3 shared', '4-5 shared']);
    expect([runsOf(world, ram, 'migrate', 0, 2), runsOf(world, ram, 'migrate', 4, 4)]).toEqual([[], []]);
  });

  test.each([0, 1])('posted/stop: a non-zero answer at run %i ends the walk and is returned', (stopAt) => {
    const { world } = replay(extendedRdmAsPosted, MIXED);
    let calls = 0;
    const emit = (): Status => ((calls += 1) > stopAt ? -5 : 0);
    const [ram] = world.memory.blocks as [RamBlock];
    expect([world.instance.runs(ram, 'migrate', 0, 8, emit), calls]).toEqual([-5, stopAt + 1]);
  });
});

describe('extended-rdm-as-posted, for devices', () => {
  // Without the views a history is one of device, guest and listener alone.
  const history = randomHistory({ ...extendedRdmAsPosted, capabilities: { ...extendedRdmAsPosted.capabilities, views: false } }, 'type1v2', 'two-backend');

  test('posted/devices: every event is the same as under the RFC series', () => {
    const eventsOf = (strategy: typeof extendedRdmAsPosted, drawn: History): unknown => {
      const { steps, violations } = runHistory(strategy, drawn, { record: true });
      return { steps, violations };
    };
    fc.assert(
      fc.property(history, (drawn) => {
        expect(eventsOf(extendedRdmAsPosted, drawn)).toEqual(eventsOf(rdmPrivateAsDiscarded, drawn));
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  test('posted/refused: a refused map is undone at the listener told before, and the guest hears success', () => {
    const line = 'world(containers=c0:type1v2,c1:type1v2, pages=64); attach(c0); attach(c1); refuse(c0,map,1,ENOMEM); convert(16+1,shared)';
    const { answers, events } = replay(extendedRdmAsPosted, line);
    expect([answers.at(-1), events.at(-1)]).toEqual([
      '0',
      [
        'KVM attributes gfn [0x10, 0x11) shared',
        'map c1 gfn [0x10, 0x11) (1 call)',
        'map c0 gfn [0x10, 0x11) (1 call, 0 of 1 made) -> -ENOMEM',
        'unmap c0 gfn [0x10, 0x11) [rollback]',
        'unmap c1 gfn [0x10, 0x11)',
        'discard private side of ram [0x10, 0x11)',
      ],
    ]);
    const broken = runHistory(extendedRdmAsPosted, parseHistory(line)).violations.map(({ invariant, reach }) => `${invariant} ${reach}`);
    expect(broken).toEqual(expect.arrayContaining(['complete live', 'atomic live']));
  });

  test('posted/one-owner: no second state owner and no reset', () => {
    const { world } = replay(extendedRdmAsPosted, 'world(); heal');
    const [ram] = world.memory.blocks as [RamBlock];
    const source = { name: 'm0', granulePages: 4, isPlugged: () => true };
    expect([world.instance.attachSource(ram, source), world.instance.reset()]).toEqual([-ERRNO.EBUSY, -ERRNO.EOPNOTSUPP]);
  });
});

describe('the questions with is_private', () => {
  const walk = (manager: IsPrivateManager, kind: 'replayPopulated' | 'replayDiscarded', isPrivate: boolean): string[] => {
    const runs: string[] = [];
    manager[kind](0, 16, isPrivate, (first, end) => (runs.push(`${first}-${end}`), 0));
    return runs;
  };

  test('is-private/contradiction: a page is populated and discarded at once', () => {
    const shared = new Bitmap(16);
    shared.set(4, 8);
    const manager = new IsPrivateManager(shared);
    expect([manager.isPopulated(4, 8, false), manager.isPopulated(4, 8, true), manager.isPopulated(3, 8, false)]).toEqual([true, false, false]);
    expect([manager.isPopulated(8, 16, false), manager.isPopulated(8, 16, true)]).toEqual([false, true]);
    expect([walk(manager, 'replayPopulated', false), walk(manager, 'replayDiscarded', false)]).toEqual([['4-8'], ['4-8']]);
    expect([walk(manager, 'replayPopulated', true), walk(manager, 'replayDiscarded', true)]).toEqual([['0-4', '8-16'], ['0-4', '8-16']]);
  });

  test('is-private/both-kinds: asked for both kinds, each page comes up once, whatever the state', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }), (states) => {
        const shared = new Bitmap(states.length);
        for (const [page, isShared] of states.entries()) shared.assign(page, page + 1, isShared);
        const manager = new IsPrivateManager(shared);
        const seen: boolean[] = [];
        for (const isPrivate of [false, true]) {
          manager.replayDiscarded(0, states.length, isPrivate, (first, end) => {
            for (let page = first; page < end; page += 1) seen[page] = !isPrivate;
            return 0;
          });
        }
        expect(seen).toEqual(states);
      }),
      { seed: 11, numRuns: 300 },
    );
  });
});
