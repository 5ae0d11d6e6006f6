// SPDX-License-Identifier: MIT
import type { Regime } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { CASES, type ConformanceCase, INVARIANTS, parseHistory, worldSchema } from '../src/index.ts';
import { fits } from '../src/suite/fits.ts';
import { variationsOf } from '../src/suite/variations.ts';
import { reference } from './strategies/reference.ts';

const REGIMES: readonly Regime[] = ['two-backend', 'in-place'];

function operationsOf({ operations }: ConformanceCase): string[] {
  return operations.split(';').map((operation) => operation.trim());
}

/** Ids of the cases that break a rule. */
function offenders(isBad: (one: ConformanceCase) => boolean): string[] {
  return CASES.filter(isBad).map(({ id }) => id);
}

describe('the named cases', () => {
  test('ids are unique and read family/fact', () => {
    expect(new Set(CASES.map(({ id }) => id)).size).toBe(CASES.length);
    expect(offenders(({ id }) => !/^[a-z0-9]+(?:-[a-z0-9]+)*\/[a-z0-9]+(?:-[a-z0-9]+)*$/.test(id))).toEqual([]);
  });

  test('facts are unique, at most 70 characters, and facts', () => {
    expect(new Set(CASES.map(({ fact }) => fact)).size).toBe(CASES.length);
    expect(offenders(({ fact }) => fact.length > 70 || fact.length < 10)).toEqual([]);
    expect(offenders(({ fact }) => /\bshould\b|\btests? that\b|\bmust\b|^[A-Z][a-z]|\.$/.test(fact))).toEqual([]);
  });

  test('a design that offers everything runs at least 100 of them', () => {
    const run = CASES.filter((one) => REGIMES.some((regime) => fits(one, reference, regime)));
    expect(run.length).toBeGreaterThanOrEqual(100);
  });

  test('no case is out of reach of every design', () => {
    const poor = {
      ...reference,
      capabilities: { ...reference.capabilities, virtioMem: false, views: false, assignment: false, reset: 'shutdown' as const },
    };
    const untrusted = { ...reference, capabilities: { ...reference.capabilities, tdisp: false } };
    const reached = [reference, untrusted, poor].flatMap((strategy) => CASES.filter((one) => REGIMES.some((regime) => fits(one, strategy, regime))));
    expect(offenders((one) => !reached.includes(one))).toEqual([]);
  });

  test('sources are given', () => {
    expect(offenders(({ source }) => source.length < 10)).toEqual([]);
  });

  test('expected answers name operations the case has', () => {
    const isBad = (one: ConformanceCase): boolean =>
      Object.keys(one.answers).some((number) => Number(number) < 1 || Number(number) > operationsOf(one).length);
    expect(offenders(isBad)).toEqual([]);
    expect(offenders(({ answersOn }) => answersOn.length === 0)).toEqual([]);
  });

  test('cases for any containers name none, the others attach by themselves or need no device', () => {
    expect(offenders(({ setUp, operations }) => setUp === 'spread' && /\bc\d/.test(operations))).toEqual([]);
    const isBad = ({ setUp, operations, id }: ConformanceCase): boolean =>
      setUp === 'as-written' && !operations.includes('attach(c0)') && !id.startsWith('absent/') && !NO_DEVICE.includes(id);
    expect(offenders(isBad)).toEqual([]);
  });

  test('worlds are parameters the schema knows, without those the suite chooses', () => {
    const chosen = ['containers', 'regime', 'onRefusal'];
    const keysOf = ({ world }: ConformanceCase): string[] => [...world.matchAll(/([A-Za-z]+)=/g)].map(([, key]) => key!);
    expect(offenders((one) => keysOf(one).some((key) => chosen.includes(key) || !(key in worldSchema.entries)))).toEqual([]);
  });

  test('every variation is a history that can be read, printed in a report, and read again', () => {
    for (const one of CASES) {
      for (const { history, leadCount } of variationsOf(one, 'iommufd', 'two-backend', reference.capabilities)) {
        expect(history.operations.length).toBeGreaterThanOrEqual(leadCount + operationsOf(one).length);
        const backends = history.world.containers.map(({ backend }) => backend);
        expect(backends).toEqual(backends.map((_, at) => (one.containers[at]?.replace(/[/+].*/, '') ?? '*').replace('*', 'iommufd')));
      }
    }
  });
});

/** Cases that show what happens while no device is there. */
const NO_DEVICE = [
  'coordinated/balloon-works-alone',
  'virtio-mem/busy-while-migrating',
  'balloon/inflated-page-reads-zero',
  'balloon/takes-both-sides',
];

describe('what the cases cover', () => {
  test('each invariant has a case about it', () => {
    const about = new Set(CASES.map((one) => one.about));
    expect(INVARIANTS.filter((invariant) => !about.has(invariant))).toEqual([]);
  });

  test('at least 42 in 100 show what must not happen', () => {
    const share = CASES.filter(({ isNegative }) => isNegative).length / CASES.length;
    expect(share).toBeGreaterThanOrEqual(0.42);
  });

  test('every operation that can be written is in some case', () => {
    const used = new Set(CASES.flatMap((one) => operationsOf(one).map((operation) => operation.replace(/\(.*/, ''))));
    expect([...used].toSorted()).toEqual([
      'add-source', 'at', 'attach', 'balloon', 'convert', 'cpr', 'del-source', 'detach', 'dma', 'dump', 'heal', 'migrate', 'plug', 'read', 'refuse', 'request', 'reset',
      'touch', 'unplug', 'unplug-all', 'viommu-map', 'viommu-unmap',
    ]);
  });

  test('every absence that can be declared has a case', () => {
    expect(new Set(CASES.flatMap(({ absent }) => absent))).toEqual(new Set(['virtioMem', 'rebuild', 'assignment', 'tdisp']));
  });
});

describe('the worlds of a case', () => {
  const spread = CASES.find(({ id }) => id === 'convert/first-page')!;

  test('no container, one, two, refusing ones; before and after; with and without virtio-mem; stop and retry', () => {
    const variations = variationsOf(spread, 'type1v2', 'two-backend', reference.capabilities);
    const worlds = variations.map(({ history }) => history.world);
    expect(new Set(worlds.map(({ containers }) => containers.length))).toEqual(new Set([0, 1, 2]));
    expect(new Set(worlds.map(({ vmem }) => vmem.length))).toEqual(new Set([0, 1]));
    expect(new Set(worlds.map(({ onRefusal }) => onRefusal))).toEqual(new Set(['stop', 'retry']));
    const lines = variations.map(({ history }) => history.operations.map(({ op }) => op).join(' '));
    for (const shape of ['convert', 'attach convert', 'convert attach', 'attach convert attach', 'attach attach refuse convert heal']) {
      expect(lines).toContain(shape);
    }
  });

  test('a refusal of the suite switches the expected answers off', () => {
    const variations = variationsOf(spread, 'type1v2', 'two-backend', reference.capabilities);
    for (const { history, checksAnswers } of variations) {
      expect(checksAnswers).toBe(!history.operations.some(({ op }) => op === 'refuse'));
    }
  });

  test('a design without assignment runs them without containers, one without virtio-mem without devices', () => {
    const none = variationsOf(spread, 'type1v2', 'two-backend', { virtioMem: true, assignment: false });
    expect(none.every(({ history }) => history.world.containers.length === 0)).toBe(true);
    const plain = variationsOf(spread, 'type1v2', 'two-backend', { virtioMem: false, assignment: true });
    expect(plain.every(({ history }) => history.world.vmem.length === 0)).toBe(true);
  });

  test('a case that attaches by itself keeps its containers', () => {
    const two = CASES.find(({ id }) => id === 'six-steps/two-containers-agree')!;
    const variations = variationsOf(two, 'iommufd', 'in-place', { virtioMem: false, assignment: true });
    expect(variations.map(({ history: { world } }) => [world.regime, world.onRefusal, world.containers.length])).toEqual([
      ['in-place', 'stop', 2],
      ['in-place', 'retry', 2],
    ]);
    expect(variations[0]!.history.operations).toEqual(parseHistory(`world(containers=c0:iommufd,c1:iommufd); ${two.operations}`).operations);
  });
});
