// SPDX-License-Identifier: MIT
import { parseHistory } from '@sda-lab/conformance';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { type ConformDocument, conformSchema, STRATEGIES } from '../src/index.ts';
import { runProgram } from './support/run-program.ts';

async function conformed(...args: string[]): Promise<{ code: number | null; document: ConformDocument }> {
  const { code, stdout, stderr } = await runProgram(['conform', '--json', ...args]);
  expect(stderr).toBe('');
  return { code, document: v.parse(conformSchema, JSON.parse(stdout)) };
}

const LONG = 60_000;

describe('conform', () => {
  it('finds both designs done right to hold on every backend and regime', async () => {
    const { code, document } = await conformed('extended-rdm', 'notifier-list');
    expect([code, document.matchesExpectations, document.differences]).toEqual([0, true, []]);
    expect(document.strategies.map(({ id, verdict }) => [id, verdict])).toEqual([['extended-rdm', 'holds'], ['notifier-list', 'holds']]);
    for (const { cells, cases, properties, failures } of document.strategies) {
      expect(cells).toHaveLength(14);
      expect(new Set(cells.map(({ outcome }) => outcome))).toEqual(new Set(['holds']));
      expect(cases.total).toBeGreaterThanOrEqual(100);
      expect(cases.passed + cases.failed + cases.skipped).toBe(cases.total);
      expect(properties.runs).toBeGreaterThanOrEqual(2000);
      expect(failures).toEqual([]);
    }
  }, LONG);

  it('finds the six steps in the uncoordinated control', async () => {
    const { code, document } = await conformed('uncoordinated', '--runs', '40', '--backend', 'type1v2');
    expect(code).toBe(1);
    const failure = document.strategies[0]!.failures.find(({ invariant }) => invariant === 'coherent')!;
    expect(failure).toMatchObject({ reach: 'live', basis: 'observed', regime: 'two-backend', backend: 'type1v2' });
    const operations = parseHistory(failure.history).operations.map(({ op }) => op);
    expect(operations).toEqual(['attach', 'convert', 'touch', 'convert', 'convert', 'touch', 'dma']);
    expect(failure.replay).toBe(`npm run lab -- replay '${failure.history}' --strategy uncoordinated`);
  }, LONG);

  it('compares every strategy with the expectations when none is named', async () => {
    const { code, document } = await conformed('--runs', '40', '--backend', 'iommufd');
    expect([code, document.matchesExpectations]).toEqual([0, true]);
    expect(document.strategies.map(({ id }) => id)).toEqual(STRATEGIES.map(({ id }) => id));
    for (const { backends, cells } of document.strategies) {
      expect(backends).toEqual(['iommufd']);
      expect(cells.every(({ backend }) => backend === 'iommufd')).toBe(true);
    }
    const blocked = document.strategies.find(({ id }) => id === 'blocked')!;
    expect([blocked.verdict, blocked.notApplicable]).toEqual(['holds', true]);
  }, LONG);

  it('shows what falls without a part, and expects nothing then', async () => {
    const { code, document } = await conformed('extended-rdm', '--without', 'replay', '--runs', '0', '--backend', 'type1v2');
    expect([code, document.matchesExpectations, document.without]).toEqual([1, null, ['replay']]);
    const failure = document.strategies[0]!.failures.find(({ invariant }) => invariant === 'hotplug')!;
    expect(failure).toMatchObject({ basis: 'derived', source: null });
    expect(failure.replay).toMatch(/ --strategy extended-rdm --without replay$/);
  }, LONG);

  it('prints each failure with the line that shows it again', async () => {
    const { code, stdout, stderr } = await runProgram(['conform', 'keep-shared', '--runs', '0', '--backend', 'type1v2', '--backend', 'iommufd']);
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toContain('bounded: live on type1v2 and iommufd, two-backend');
    expect(stdout).toMatch(/\n {4}npm run lab -- replay 'world\(.*' --strategy keep-shared\n/);
    expect(stdout).toMatch(/keep-shared skips \d+ cases that it does not offer: server\/unplugged-page, virtio-mem\/\*/);
    expect(stdout).toContain('Every outcome equals the expectations.\n');
  }, LONG);
});
