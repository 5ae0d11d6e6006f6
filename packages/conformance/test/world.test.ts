// SPDX-License-Identifier: MIT
import { type Strategy } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { CASES, eventText, parseHistory, runConformance, runHistory, type Violation, withPlug, worldSpec } from '../src/index.ts';
import { exitsOnRefusal, keepsTheSide, stopsTheVm, throwsOnRefusal } from './strategies/conversion-faults.ts';
import { planted } from './strategies/planted.ts';
import { reference } from './strategies/reference.ts';
import { judged } from './support/judged.ts';

const PLACE = { backends: ['type1v2'], regimes: ['two-backend'] } as const;
const WRITTEN = CASES.filter(({ setUp }) => setUp === 'as-written');

function answersOf(strategy: Strategy, line: string): readonly string[] {
  return judged(strategy, line).answers;
}

function keysOf(violations: readonly Violation[]): string[] {
  return violations.map(({ invariant, reach, operationIndex }) => `${invariant} ${reach} ${operationIndex}`);
}

describe('a world by default', () => {
  test('is two-backend, one type1v2 container, eight pages, no device, stop, no TEE, no limit that decides', () => {
    expect(worldSpec()).toEqual({
      regime: 'two-backend',
      containers: [{ name: 'c0', backend: 'type1v2' }],
      pages: 8,
      vmem: [],
      firmware: 0,
      readonly: 'none',
      hugetlb: 1,
      onRefusal: 'stop',
      tee: 'none',
      limit: 0xffffffff,
    });
  });
});

describe('what operations answer', () => {
  test.each([
    ['a second attach', 'attach(c0); attach(c0)', ['0', 'attached already']],
    ['a detach of nothing', 'detach(c0)', ['not attached']],
    ['an access of a device that is not there', 'dma(c0,0,read)', ['not attached']],
    ['an access to a private page', 'attach(c0); dma(c0,0,write)', ['0', '-EFAULT']],
    ['accesses write a fresh value each', 'attach(c0); convert(0+1,shared); touch(0); dma(c0,0,write); dma(c0,0,read)', ['0', '0', '0 0xa1', '0 0xa2', '0 0xa2']],
    ['a touch of an unplugged page', 'world(vmem=1x1); touch(8)', ['unplugged']],
    ['a dump counts pages', 'world(vmem=2x2); plug(m0,0+1); dump', ['ACK', '0, 10 pages']],
    ['a migration counts pages, and ends', 'migrate(start); migrate(finish)', ['0, 8 pages', '0, 0 pages']],
    ['the balloon, alone and beside a device', 'balloon(0+8); attach(c0); balloon(0+8)', ['0', '0', 'inhibited']],
    ['a device answers for itself', 'world(vmem=2x1); plug(m0,0+1); plug(m0,0+1); plug(m0,2+1); unplug(m0,1+1); unplug-all(m0)', ['ACK', 'ERROR', 'ERROR', 'ERROR', 'ACK']],
    ['a rebuild makes everything private', 'attach(c0); convert(0+1,shared); touch(0); reset; dma(c0,0,read)', ['0', '0', '0 0xa1', '0', '-EFAULT']],
  ])('%s', (_, line, answers) => {
    expect(answersOf(reference, line)).toEqual(answers);
  });

  test('a reset of a design without one shuts the guest down; nothing happens after it', () => {
    const plain = planted('plain', () => ({}), { capabilities: { ...reference.capabilities, reset: 'shutdown' } });
    expect(answersOf(plain, 'attach(c0); reset; attach(c0); touch(0)')).toEqual(['0', 'shutdown', 'the guest is gone', 'the guest is gone']);
  });
});

describe('limit', () => {
  // Worst case: one mapping per page of the managed sections, and a memslot for each of the 32764 less those sections.
  const worstCase = 8 + 32764 - 2;

  test.each([
    ['refuse', 'type1v2', worstCase, '0'],
    ['refuse', 'type1v2', worstCase - 1, '-ENOSPC'],
    ['refuse', 'iommufd', 1, '0'],
    ['warn', 'type1v2', worstCase - 1, '0'],
    ['off', 'type1v2', worstCase - 1, '0'],
  ] as const)('admission %s on %s with limit=%i answers %s', (admission, backend, limit, answer) => {
    const strategy: Strategy = { ...reference, listener: { ...reference.listener, admission } };
    const { answers, world } = judged(strategy, `world(containers=c0:${backend}, limit=${limit}); attach(c0)`);
    expect(answers).toEqual([answer]);
    expect(world.containers[0]!.listener.warnedOfLimit).toBe(admission === 'warn');
  });

  test('the kernel counts real mappings: one over is refused, and the guest hears of it', () => {
    const strategy: Strategy = { ...reference, listener: { ...reference.listener, admission: 'off' } };
    expect(answersOf(strategy, 'world(limit=3); attach(c0); convert(0+2,shared); convert(2+1,shared)')).toEqual(['0', '0', '-EAGAIN']);
  });
});

describe('onRefusal', () => {
  const line = 'attach(c0); refuse(c0,map,1,ENOMEM); convert(0+1,shared); heal; dma(c0,0,read)';

  test('stop: an error other than EAGAIN stops the VM, and what follows is latent', () => {
    const { world, answers, violations } = judged(stopsTheVm, line);
    expect(answers[2]).toBe('-ENOMEM');
    expect(world.wasStopped).toBe(true);
    expect(keysOf(violations)).toEqual(['atomic latent 2', 'complete latent 2']);
  });

  test('retry: the guest hears of it, goes on, and it is live', () => {
    const { world, answers, violations } = judged(stopsTheVm, `world(onRefusal=retry); ${line}`);
    expect(answers[2]).toBe('-ENOMEM');
    expect(world.wasStopped).toBe(false);
    expect(keysOf(violations)).toEqual(['atomic live 2', 'complete live 2']);
  });

  test('EAGAIN stops nothing', () => {
    const { world, violations } = judged(keepsTheSide, 'attach(c0); refuse(c0,map,2,ENOMEM); convert(0+2,shared)');
    expect(world.wasStopped).toBe(false);
    expect(keysOf(violations)).toEqual(['atomic live 2', 'complete live 2']);
  });

  test('a cell in which something stops says so, and is no success', () => {
    const [cell] = runConformance(stopsTheVm, { ...PLACE, cases: WRITTEN, runs: 40 }).cells;
    expect([cell!.outcome, cell!.stops]).toEqual(['broken', true]);
    expect(cell!.broken.map(({ invariant, reach }) => `${invariant} ${reach}`)).toEqual(
      expect.arrayContaining(['atomic live', 'atomic latent']),
    );
  });
});

describe('refuse and heal', () => {
  test('the k-th call and every later one is refused, a sharing of n pages is n calls', () => {
    const line = 'attach(c0); refuse(c0,map,3,ENOSPC); convert(0+2,shared); convert(2+1,shared); convert(3+1,shared)';
    expect(answersOf(reference, line)).toEqual(['0', '0', '0', '-EAGAIN', '-EAGAIN']);
  });

  test('maps and unmaps, and containers, are refused apart', () => {
    const line = 'world(containers=c0:type1v2,c1:iommufd); attach(c0); attach(c1); refuse(c1,unmap,1,EBUSY); convert(0+1,shared); convert(0+1,private); detach(c1); convert(0+1,private)';
    expect(answersOf(reference, line)).toEqual(['0', '0', '0', '0', '-EAGAIN', '0', '0']);
  });

  test('heal lifts every fault and repeats what was refused, oldest first', () => {
    const history = parseHistory(
      'world(vmem=1x1); attach(c0); convert(8+1,shared); refuse(c0,map,1,ENOMEM); convert(2+1,shared); plug(m0,0+1); convert(0+1,shared); heal',
    );
    const { steps } = runHistory(reference, history, { record: true });
    expect(steps.map(({ answer }) => answer)).toEqual(['0', '0', '0', '-EAGAIN', 'BUSY', '-EAGAIN', '0, 3 retried']);
    const maps = steps[6]!.events.filter(({ kind }) => kind === 'map').map(eventText);
    expect(maps).toEqual([
      'map c0 gfn [0x2, 0x3) (1 call)',
      'map c0 gfn [0x140000, 0x140001) (1 call)',
      'map c0 gfn [0x0, 0x1) (1 call)',
    ]);
  });

  test('a sharing refused above 4 GiB is repeated from there on', () => {
    const history = parseHistory('attach(c0); refuse(c0,map,3,ENOMEM); convert(2+4,shared); heal');
    const { steps, violations } = runHistory(reference, history, { record: true });
    expect(violations).toEqual([]);
    expect(steps[2]!.answer).toBe('-EAGAIN');
    expect(steps[3]!.events.filter(({ kind }) => kind === 'map').map(eventText)).toEqual([
      'map c0 gfn [0x100000, 0x100001) (1 call)',
      'map c0 gfn [0x100001, 0x100002) (1 call)',
    ]);
  });

  const noFailedRetry = ['plug(m0,0+1)', 'detach(c0); plug(m0,0+1)', 'detach(c0); plug(m0,0+2)', 'migrate(start)'];

  test.each(noFailedRetry)('a refused plug, then %s: the retry is pointless or put off, and no failure', (between) => {
    const line = `world(pages=2, vmem=2x1); attach(c0); convert(2+1,shared); refuse(c0,map,1,ENOMEM); plug(m0,0+1); ${between}; heal`;
    expect(judged(reference, line).words).toEqual([]);
  });

  const halfShared = ['convert(0+2,shared)', 'convert(0+2,private)', 'attach(c0)'];

  test.each(halfShared)('a sharing that could not be undone waits, also through %s', (between) => {
    const lead = 'world(containers=c0:type1v2,c1:type1v2); attach(c0); attach(c1); refuse(c0,map,2,ENOMEM); refuse(c0,unmap,1,EBUSY)';
    expect(judged(reference, `${lead}; convert(0+2,shared); ${between}; heal; dma(c0,1,write); dma(c1,1,read)`).words).toEqual([]);
  });

  const halfPlugged = ['unplug-all(m0)', 'unplug(m0,0+1)', 'convert(2+1,shared)', 'plug(m0,1+1)'];

  test.each(halfPlugged)('a plug that could not be undone waits, also through %s', (between) => {
    const lead = 'world(pages=2, vmem=2x2); attach(c0); convert(2+2,shared); refuse(c0,map,2,ENOMEM); refuse(c0,unmap,1,EBUSY)';
    expect(judged(reference, `${lead}; plug(m0,0+1); ${between}; heal; dma(c0,2,write)`).words).toEqual([]);
  });
});

describe('the end of a history', () => {
  test('detaches what is attached and finds what is left', () => {
    const keeps = planted('keeps', () => ({ instance: (instance) => ({ ...instance, unsubscribe: () => undefined }) }));
    const { world, violations, words } = judged(keeps, 'attach(c0); convert(0+2,shared)');
    expect(world.containers[0]!.attached).toBe(false);
    expect(keysOf(violations)).toEqual(['hotplug live 2']);
    expect(words[0]).toMatch(/^Let the history be over: faults are lifted, refused requests retried, containers detached\./);
  });

  test('a right design leaves no mapping, pin, count or waiting request', () => {
    const { world, violations } = judged(reference, 'attach(c0); convert(0+4,shared); refuse(c0,map,1,ENOMEM); convert(4+2,shared)');
    expect(violations).toEqual([]);
    expect(world.pendingCount).toBe(0);
    expect(world.containers[0]!.kernel.mappingCount).toBe(0);
    expect(world.memory.frames.pinCount).toBe(0);
    expect(world.memory.coordination.uncoordinatedDisabled).toBe(0);
  });

  test('costs are those of the history, without the end', () => {
    const { cost } = runHistory(reference, parseHistory('attach(c0); convert(0+4,shared); convert(0+1,private)'));
    expect(cost).toEqual({ mapCalls: 5, unmapCalls: 1, notifications: 5, peakMappings: 5, peakFrames: 5 });
  });
});

describe('a strategy that throws or exits gets a verdict', () => {
  const throws = (): never => {
    throw new TypeError('planted');
  };
  const rows: readonly [where: string, line: string, at: number, strategy: Strategy][] = [
    ['addBlock', 'touch(0)', -1, planted('p', () => ({ instance: (instance) => ({ ...instance, addBlock: throws }) }))],
    ['attachSource', 'world(vmem=1x1); touch(0)', -1, planted('p', () => ({ instance: (instance) => ({ ...instance, attachSource: throws }) }))],
    ['subscribe', 'attach(c0)', 0, planted('p', () => ({ instance: (instance) => ({ ...instance, subscribe: throws }) }))],
    ['unsubscribe', 'attach(c0); detach(c0)', 1, planted('p', () => ({ instance: (instance) => ({ ...instance, unsubscribe: throws }) }))],
    ['unsubscribe at the end', 'attach(c0)', 1, planted('p', () => ({ instance: (instance) => ({ ...instance, unsubscribe: throws }) }))],
    ['convert', 'touch(0); convert(0+1,shared)', 1, planted('p', () => ({ instance: (instance) => ({ ...instance, convert: throws }) }))],
    ['reset', 'reset', 0, planted('p', () => ({ instance: (instance) => ({ ...instance, reset: throws }) }))],
    ['runs', 'dump', 0, planted('p', () => ({ instance: (instance) => ({ ...instance, runs: throws }) }))],
    ['willPlug', 'world(vmem=1x1); plug(m0,0+1)', 0, planted('p', () => ({ instance: (instance) => withPlug(instance, { willPlug: throws }) }))],
    ['unplugged', 'world(vmem=1x1); plug(m0,0+1); unplug(m0,0+1)', 1, planted('p', () => ({ instance: (instance) => withPlug(instance, { unplugged: throws }) }))],
  ];

  test.each(rows)('%s', (_, line, at, strategy) => {
    const { violations, words } = judged(strategy, line);
    const nonfatal = violations.findIndex(({ invariant }) => invariant === 'nonfatal');
    const evidence = { reason: 'vmm-ended', detail: 'TypeError: planted' };
    expect(violations[nonfatal]).toEqual({ invariant: 'nonfatal', reach: 'live', operationIndex: at, evidence });
    expect(words[nonfatal]).toContain('nothing a guest or a refused call does ends the VMM. However, it ended: TypeError: planted.');
  });

  test('before the first operation, the words say so', () => {
    const [, , , strategy] = rows[0]!;
    expect(judged(strategy, 'touch(0)').words).toEqual([
      'Let the world be built. Then nothing a guest or a refused call does ends the VMM. However, it ended: TypeError: planted.',
    ]);
  });

  test('something thrown that is no error is told as it is', () => {
    const strange = planted('p', () => ({
      instance: (instance) => ({
        ...instance,
        convert: () => {
          // oxlint-disable-next-line no-throw-literal
          throw 'bad get';
        },
      }),
    }));
    expect(judged(strange, 'convert(0+1,shared)').violations[0]!.evidence.detail).toBe('bad get');
  });

  test('what comes after an exit is not done', () => {
    const line = 'convert(0+1,shared); refuse(c0,map,1,ENOMEM); attach(c0); convert(1+1,shared); heal';
    expect(answersOf(exitsOnRefusal, line)).toEqual(['0', '0', 'the VMM is gone', 'the guest is gone', 'the guest is gone']);
    const thrown = 'attach(c0); refuse(c0,map,1,ENOMEM); convert(0+1,shared); touch(0)';
    expect(answersOf(throwsOnRefusal, thrown)).toEqual(['0', '0', 'the VMM died', 'the guest is gone']);
  });

  test('the suite reports it and goes on to the next case', () => {
    const [, , , strategy] = rows[0]!;
    const report = runConformance(strategy, { ...PLACE, cases: WRITTEN, runs: 40 });
    expect(report.verdict).toBe('broken');
    expect(report.cells[0]!.broken.map(({ invariant }) => invariant)).toContain('nonfatal');
    expect(report.properties.runs).toBe(40);
  });
});

test('a switch the strategy does not have is refused by name', () => {
  expect(() => runConformance(reference, { without: new Set(['replay']) })).toThrow(
    "runConformance: reference has no switch 'replay'; its switches are none",
  );
});
