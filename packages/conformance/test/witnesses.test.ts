// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import {
  blocked,
  CASES,
  INVARIANTS,
  type Invariant,
  KERNEL_BACKENDS,
  parseHistory,
  runConformance,
  runHistory,
  uncoordinated,
  Witnesses,
} from '../src/index.ts';
import { planted } from './strategies/planted.ts';
import { reference } from './strategies/reference.ts';

const PLACE = { backends: ['type1v2'], regimes: ['two-backend'] } as const;

/** What an empty run owes: all but the one that needs a backend without pins. */
const OWED = INVARIANTS.filter((invariant) => invariant !== 'no-use-after-discard');

describe('a run that got nowhere', () => {
  test('no cases and no runs: unknown, and every invariant is named', () => {
    const report = runConformance(reference, { backends: KERNEL_BACKENDS, cases: [], runs: 0 });
    expect(report.verdict).toBe('unknown');
    for (const { outcome, unwitnessed } of report.cells) {
      expect(outcome).toBe('unknown');
      expect(unwitnessed).toEqual(OWED);
    }
  });

  test('unknown is no success: one cell is enough', () => {
    const cases = CASES.filter(({ needs }) => !needs.includes('inPlace'));
    const halfWay = { ...reference, capabilities: { ...reference.capabilities, regimes: ['two-backend', 'in-place'] as const } };
    const only = cases.filter(({ needs }) => needs.includes('twoBackend'));
    const report = runConformance(halfWay, { backends: KERNEL_BACKENDS, cases: only, runs: 0 });
    expect(report.cells.map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown', 'unknown', 'unknown']);
    expect(report.failedCases).toEqual([]);
    expect(report.verdict).toBe('unknown');
  });

  test('what a capability excludes is not owed', () => {
    const { virtioMem, views } = { virtioMem: false, views: false };
    const plain = planted('plain', () => ({}), { capabilities: { ...reference.capabilities, virtioMem, views } });
    const [cell] = runConformance(plain, { ...PLACE, cases: [], runs: 0 }).cells;
    expect(cell!.unwitnessed).toEqual(OWED.filter((invariant) => invariant !== 'coexist' && invariant !== 'consumers-see'));
  });

  test('broken outranks unknown, n-a is left out', () => {
    const [six] = CASES;
    const { cells, verdict } = runConformance(uncoordinated, { ...PLACE, cases: [six!], runs: 0 });
    expect([cells[0]!.outcome, verdict]).toEqual(['broken', 'broken']);
    expect(cells[0]!.unwitnessed.length).toBeGreaterThan(0);
    expect(runConformance(blocked, { ...PLACE, cases: [], runs: 0 })).toMatchObject({ verdict: 'holds', notApplicable: true });
  });
});

describe('each invariant has its sometimes', () => {
  /** The shortest history that comes near to breaking it, and one that does not. */
  const SITUATIONS: Readonly<Record<Exclude<Invariant, 'no-use-after-discard'>, readonly [near: string, far: string]>> = {
    coherent: ['attach(c0); convert(0+1,shared); convert(0+1,private); convert(0+1,shared)', 'attach(c0); convert(0+1,shared)'],
    isolated: ['attach(c0)', 'convert(0+1,shared)'],
    rights: ['attach(c0)', 'convert(0+1,shared); touch(0)'],
    complete: ['attach(c0)', 'convert(0+1,shared)'],
    bounded: ['attach(c0); convert(0+1,shared); convert(0+1,private)', 'attach(c0); convert(0+1,shared)'],
    atomic: ['attach(c0); refuse(c0,map,1,ENOMEM); convert(0+1,shared)', 'attach(c0); convert(0+1,shared)'],
    progress: ['attach(c0); refuse(c0,map,1,ENOMEM); convert(0+1,shared)', 'attach(c0); refuse(c0,map,1,ENOMEM); heal'],
    order: ['attach(c0); convert(0+1,shared); convert(0+1,private)', 'convert(0+1,shared); convert(0+1,private)'],
    'consumers-see': ['dump', 'convert(0+8,shared); dump'],
    coexist: ['world(vmem=1x1); attach(c0)', 'world(vmem=1x1); plug(m0,0+1)'],
    hotplug: ['convert(0+1,shared); attach(c0)', 'attach(c0); convert(0+1,shared)'],
    coordinated: ['balloon(0+1)', 'convert(0+1,shared)'],
    'legal-calls': ['attach(c0)', 'convert(0+1,shared)'],
    nonfatal: ['refuse(c0,map,1,ENOMEM); attach(c0)', 'attach(c0)'],
  };

  test.each(Object.entries(SITUATIONS) as [Invariant, readonly [string, string]][])('%s', (invariant, [near, far]) => {
    expect(runHistory(reference, parseHistory(near)).witnesses.count(invariant)).toBeGreaterThan(0);
    expect(runHistory(reference, parseHistory(far)).witnesses.count(invariant)).toBe(0);
  });

  test('counts of several runs add up', () => {
    const one = runHistory(reference, parseHistory('attach(c0)')).witnesses;
    const sum = new Witnesses();
    sum.add(one);
    sum.add(one);
    expect(INVARIANTS.map((invariant) => sum.count(invariant))).toEqual(INVARIANTS.map((invariant) => 2 * one.count(invariant)));
  });
});
