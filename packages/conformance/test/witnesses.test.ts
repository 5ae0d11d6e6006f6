// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import {
  blocked,
  CASES,
  type ConsumerName,
  type Invariant,
  KERNEL_BACKENDS,
  parseHistory,
  runConformance,
  runHistory,
  uncoordinated,
  type Witness,
  Witnesses,
} from '../src/index.ts';
import { WITNESSES } from '../src/judge/witnesses.ts';
import { planted } from './strategies/planted.ts';
import { reference } from './strategies/reference.ts';

const PLACE = { backends: ['type1v2'], regimes: ['two-backend'] } as const;

/** What an empty run owes: all but the one that needs a backend without pins, and the one that needs iommufd. */
const OWED: readonly Witness[] = WITNESSES.filter((one) => one !== 'no-use-after-discard' && one !== 'consumer tdisp');
/** What only a design that is asked by others owes. */
const OF_VIEWS: readonly Witness[] = [
  'consumers-see',
  'consumer iommu-page',
  'consumer migration',
  'consumer dirty-sync',
  'consumer restored-guest',
  'consumer dump',
  'consumer viommu',
  'consumer cpr',
];

describe('a run that got nowhere', () => {
  test('no cases and no runs: unknown, and every invariant is named', () => {
    const report = runConformance(reference, { backends: KERNEL_BACKENDS, cases: [], runs: 0 });
    expect(report.verdict).toBe('unknown');
    for (const { backend, outcome, unwitnessed } of report.cells) {
      expect(outcome).toBe('unknown');
      expect(unwitnessed.filter((one) => one !== 'consumer tdisp')).toEqual(OWED);
      expect(unwitnessed.includes('consumer tdisp')).toBe(backend === 'iommufd');
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
    expect(cell!.unwitnessed).toEqual(OWED.filter((one) => one !== 'coexist' && !OF_VIEWS.includes(one)));
  });

  test('a listener that asserts owes nothing about larger IOMMU pages, a design without private mappings no TDISP device', () => {
    const listener = { ...reference.listener, fineGranule: 'assert' as const };
    const capabilities = { ...reference.capabilities, tdisp: false };
    const asserting = planted('asserting', () => ({}), { listener, capabilities });
    const [cell] = runConformance(asserting, { ...PLACE, backends: ['iommufd'], cases: [], runs: 0 }).cells;
    expect(cell!.unwitnessed).toEqual(OWED.filter((one) => one !== 'consumer iommu-page'));
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

  /** The same for the consumers. */
  const CONSUMER_SITUATIONS: Readonly<Record<ConsumerName, readonly [near: string, far: string]>> = {
    'mixed-backends': [
      'world(containers=c0:type1v2,c1:iommufd); attach(c0); attach(c1); convert(0+1,shared)',
      'world(containers=c0:type1v2,c1:type1v2); attach(c0); attach(c1); convert(0+1,shared)',
    ],
    'iommu-page': ['world(containers=c0:type1v2/2); attach(c0)', 'attach(c0)'],
    migration: ['touch(0); migrate(start)', 'convert(0+1,shared); touch(0); migrate(start)'],
    'dirty-sync': [
      'attach(c0); convert(0+1,shared); migrate(start); dma(c0,0,write)',
      'attach(c0); convert(0+1,shared); dma(c0,0,write); migrate(start); dma(c0,0,read)',
    ],
    'restored-guest': [
      'attach(c0); convert(0+1,shared); migrate(start); migrate(finish); migrate(load)',
      'convert(0+1,shared); migrate(start); migrate(finish); migrate(load)',
    ],
    dump: ['touch(0); dump', 'convert(0+1,shared); touch(0); dump'],
    viommu: ['world(containers=c0:type1v2+viommu); attach(c0); viommu-map(c0,0,0+1)', 'world(containers=c0:type1v2+viommu); attach(c0)'],
    tdisp: ['world(containers=c0:iommufd+tdisp, tee=snp); attach(c0)', 'world(containers=c0:iommufd+tdisp, tee=tdx); attach(c0)'],
    balloon: ['touch(0); balloon(0+1)', 'balloon(0+1)'],
    cpr: ['attach(c0); cpr(c0)', 'cpr(c0)'],
  };

  test.each(Object.entries(CONSUMER_SITUATIONS) as [ConsumerName, readonly [string, string]][])('consumer %s', (name, [near, far]) => {
    expect(runHistory(reference, parseHistory(near)).witnesses.count(`consumer ${name}`)).toBeGreaterThan(0);
    expect(runHistory(reference, parseHistory(far)).witnesses.count(`consumer ${name}`)).toBe(0);
  });

  test('counts of several runs add up', () => {
    const one = runHistory(reference, parseHistory('attach(c0)')).witnesses;
    const sum = new Witnesses();
    sum.add(one);
    sum.add(one);
    expect(WITNESSES.map((witness) => sum.count(witness))).toEqual(WITNESSES.map((witness) => 2 * one.count(witness)));
  });
});
