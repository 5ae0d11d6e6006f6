// SPDX-License-Identifier: MIT
import { ERRNO, type Strategy } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { CASES, type Finding, runConformance, uncoordinated } from '../src/index.ts';
import { Findings } from '../src/suite/finding.ts';
import { keepsTheSide } from './strategies/conversion-faults.ts';
import { mapsTwice } from './strategies/mapping-faults.ts';
import { planted } from './strategies/planted.ts';
import { reference } from './strategies/reference.ts';
import { judged } from './support/judged.ts';

const PLACE = { backends: ['type1v2'], regimes: ['two-backend'] } as const;

describe('the outcome of a cell', () => {
  /** Undoes what it refuses, and hands the guest an error that QEMU stops the VM for. */
  const refusesHard: Strategy = planted('refuses-hard', () => ({
    instance: (instance) => ({ ...instance, convert: (...request) => (instance.convert(...request) === 0 ? 0 : -ERRNO.ENOMEM) }),
  }));

  test('stops, where refusals stop the VM and nothing else is wrong; the verdict is no success', () => {
    const cases = CASES.filter(({ id, setUp }) => setUp === 'as-written' && !id.endsWith('refused-too'));
    const { cells, verdict, failedCases } = runConformance(refusesHard, { ...PLACE, cases, runs: 0 });
    expect(cells.map(({ outcome, stops, broken }) => [outcome, stops, broken])).toEqual([['stops', true, []]]);
    expect([verdict, failedCases]).toEqual(['broken', []]);
  });

  test('a case that fails in one cell has failed, whatever the next cell says', () => {
    const cases = CASES.filter(({ id }) => id === 'refuse/middle-map');
    const { cells, failedCases } = runConformance(keepsTheSide, { backends: ['type1v2'], cases, runs: 0 });
    expect(cells.map(({ regime, broken }) => [regime, broken.length > 0])).toEqual([
      ['two-backend', true],
      ['in-place', false],
    ]);
    expect(failedCases).toEqual(['refuse/middle-map']);
  });

  test('random histories alone find every invariant a control breaks, one finding each', () => {
    const [cell] = runConformance(uncoordinated, { ...PLACE, cases: [], runs: 300 }).cells;
    expect(cell!.broken.map(({ invariant }) => invariant)).toEqual(expect.arrayContaining(['coherent', 'bounded', 'order']));
  });
});

describe('findings', () => {
  const finding = (onRefusal: 'stop' | 'retry', history: string): Finding => ({
    invariant: 'atomic',
    reach: 'live',
    case: 'refuse/sample',
    backend: 'type1v2',
    regime: 'two-backend',
    seenIn: 'state',
    onRefusal,
    history,
    explanation: '',
  });

  test('the first one stays, but one that needs no retrying VMM is worth more', () => {
    const kept = (...added: Finding[]): string[] => {
      const findings = new Findings();
      for (const one of added) findings.add(one);
      return findings.all.map(({ history }) => history);
    };
    expect(kept(finding('retry', 'a'), finding('retry', 'b'))).toEqual(['a']);
    expect(kept(finding('retry', 'a'), finding('stop', 'b'), finding('stop', 'c'))).toEqual(['b']);
    expect(kept(finding('stop', 'a'), finding('retry', 'b'))).toEqual(['a']);
    expect(kept(finding('stop', 'a'), { ...finding('stop', 'b'), reach: 'latent' })).toEqual(['a', 'b']);
  });
});

describe('what operations do to the machine', () => {
  test('a reset unplugs devices', () => {
    const { answers } = judged(reference, 'world(pages=1, vmem=1x2); plug(m0,0+1); dump; reset; touch(1); dump');
    expect(answers).toEqual(['ACK', '0, 3 pages', '0', 'unplugged', '0, 1 pages']);
  });

  test('the balloon frees both sides', () => {
    const { world } = judged(reference, 'touch(0); convert(1+1,shared); touch(1); balloon(0+2)');
    expect(world.memory.frames.liveCount).toBe(0);
  });

  test('a plug that is BUSY because of a migration is not repeated', () => {
    const { answers } = judged(reference, 'world(vmem=2x1); migrate(start); plug(m0,0+1); migrate(finish); heal');
    expect(answers).toEqual(['0, 8 pages', 'BUSY', '0, 0 pages', '0']);
  });

  test('at the end a migration is over, and what waited behind it is repeated', () => {
    const line = 'world(pages=2, vmem=2x1); attach(c0); convert(2+1,shared); refuse(c0,map,1,ENOMEM); plug(m0,0+1); migrate(start); heal';
    const { world, answers, words } = judged(reference, line);
    expect([answers.at(-1), words]).toEqual(['0, 1 retried', []]);
    expect([world.judge.isPlugged(2), world.pendingCount]).toEqual([true, 0]);
  });

  test('a wrong call is wrong also while a fault with its errno is planned', () => {
    const { violations } = judged(mapsTwice, 'attach(c0); refuse(c0,map,9,EEXIST); convert(0+1,shared)');
    expect(violations.map(({ invariant }) => invariant)).toEqual(['legal-calls']);
  });
});
