// SPDX-License-Identifier: MIT
import { ERRNO, type Capabilities, type Strategy } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { CASES, type ConformanceCase, KERNEL_BACKENDS, type Plant, runConformance } from '../src/index.ts';
import { planted } from './strategies/planted.ts';
import { reference } from './strategies/reference.ts';

const PLACE = { backends: ['type1v2'], regimes: ['two-backend'], runs: 0 } as const;
/** Cases that attach by themselves, and those that need something: the shapes that need nothing add time alone. */
const PICKED = CASES.filter(({ setUp, needs }) => setUp === 'as-written' || needs.length > 0);
const ABSENT = CASES.filter(({ absent }) => absent.length > 0);

/** The reference with something not offered, and honest about it unless the plant lies. */
function lacking(id: string, capabilities: Partial<Capabilities>, declared: Partial<Strategy> = {}, plant: Plant = {}): Strategy {
  return planted(id, () => plant, { ...declared, capabilities: { ...reference.capabilities, ...capabilities } });
}

const refusesSources: Plant = { instance: (instance) => ({ ...instance, attachSource: () => -ERRNO.EBUSY }) };

const noVirtioMem = lacking('no-virtio-mem', { virtioMem: false }, {}, refusesSources);
const noReset = lacking('no-reset', { reset: 'shutdown' });
const noViews = lacking('no-views', { views: false });
const noAssignment = lacking('no-assignment', { assignment: false }, { discardRequirement: 'require' });
const noLimitCheck: Strategy = { ...reference, id: 'no-limit-check', listener: { ...reference.listener, admission: 'warn' } };

function needing(need: string): string[] {
  return CASES.filter(({ needs }) => (needs as readonly string[]).includes(need)).map(({ id }) => id);
}

function idsOf(cases: readonly ConformanceCase[]): string[] {
  return cases.map(({ id }) => id);
}

describe('what a design does not offer is skipped by name', () => {
  test.each([
    ['virtioMem', noVirtioMem],
    ['rebuild', noReset],
    ['views', noViews],
    ['assignment', noAssignment],
    ['limitCheck', noLimitCheck],
  ])('%s', (need, strategy) => {
    const { skippedCases, failedCases, cases, cells } = runConformance(strategy, { ...PLACE, cases: PICKED });
    expect(needing(need).length).toBeGreaterThan(0);
    expect(skippedCases).toEqual(expect.arrayContaining(needing(need)));
    expect(failedCases).toEqual([]);
    expect(cells[0]!.broken).toEqual([]);
    expect(cases.total).toBe(PICKED.length);
    expect(cases.skipped).toBe(skippedCases.length);
    expect(cases.passed + cases.failed + cases.skipped).toBe(cases.total);
  });

  test('the design that offers everything skips the tests of absence only', () => {
    const { skippedCases } = runConformance(reference, { ...PLACE, regimes: ['two-backend', 'in-place'], cases: ABSENT });
    expect(skippedCases).toEqual(idsOf(ABSENT));
  });

  test('a regime that is not offered is n-a, and its cases are skipped', () => {
    const twoBackend = lacking('two-backend-only', { regimes: ['two-backend'] });
    const { cells, skippedCases, verdict } = runConformance(twoBackend, { runs: 0, cases: CASES.filter(({ id }) => id.startsWith('order/')) });
    expect(cells.map(({ regime, outcome }) => `${regime} ${outcome}`)).toEqual(
      expect.arrayContaining(['two-backend unknown', 'in-place n-a']),
    );
    expect(skippedCases).toEqual(needing('inPlace').filter((id) => id.startsWith('order/')));
    expect(verdict).toBe('unknown');
  });
});

describe('the absence is tested', () => {
  test.each([
    ['absent/second-state-owner', noVirtioMem],
    ['absent/confidential-reset', noReset],
    ['absent/assignment', noAssignment],
  ])('%s runs and passes', (id, strategy) => {
    const report = runConformance(strategy, { ...PLACE, cases: ABSENT });
    expect(report.skippedCases).not.toContain(id);
    expect(report.failedCases).toEqual([]);
    expect(report.cases.passed).toBe(1);
  });

  test('a design that takes a second state owner and says it does not is caught', () => {
    const liar = lacking('takes-sources', { virtioMem: false });
    const { failedCases, cells } = runConformance(liar, { ...PLACE, cases: ABSENT });
    expect(failedCases).toEqual(['absent/second-state-owner']);
    expect(cells[0]!.broken).toMatchObject([
      {
        invariant: 'coexist',
        case: 'absent/second-state-owner',
        seenIn: 'answer',
        explanation:
          'Let operation 1 of the case be done. Then it answers no such device in this design ' +
          '(a design without virtio-mem refuses a second state owner). However, it answers ACK.',
      },
    ]);
  });

  test('a design that lets a device in and says it does not is caught', () => {
    const liar = lacking('takes-devices', { assignment: false });
    const { failedCases, cells } = runConformance(liar, { ...PLACE, cases: ABSENT });
    expect(failedCases).toEqual(['absent/assignment']);
    expect(cells[0]!.broken.map(({ invariant, seenIn }) => `${invariant} ${seenIn}`)).toEqual(['coordinated answer']);
  });

  test('a design that offers a rebuild and refuses it is caught', () => {
    const liar = lacking('refuses-reset', {}, {}, { instance: (instance) => ({ ...instance, reset: () => -ERRNO.EOPNOTSUPP }) });
    const { failedCases, cells } = runConformance(liar, { ...PLACE, cases: CASES.filter(({ id }) => id.startsWith('reset/')) });
    expect(failedCases.length).toBeGreaterThan(0);
    expect(cells[0]!.broken.map(({ invariant }) => invariant)).toContain('progress');
  });

  test('a design that offers virtio-mem and refuses its source is caught', () => {
    const liar = lacking('refuses-sources', {}, {}, refusesSources);
    const { failedCases } = runConformance(liar, { ...PLACE, cases: CASES.filter(({ id }) => id.startsWith('virtio-mem/')) });
    expect(failedCases).toContain('virtio-mem/unplug-all-of-nothing');
  });
});

describe('a design without assignment', () => {
  test('is not applicable, and no random history is drawn', () => {
    const report = runConformance(noAssignment, { backends: KERNEL_BACKENDS, runs: 400, regimes: ['two-backend'] });
    expect(report.cells.map(({ outcome }) => outcome)).toEqual(['n-a', 'n-a']);
    expect(report).toMatchObject({ verdict: 'holds', notApplicable: true, properties: { runs: 0, commands: 0 } });
  });
});
