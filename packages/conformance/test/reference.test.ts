// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { CASES, runConformance, WORLD_BACKENDS } from '../src/index.ts';
import { describeConformance } from '../src/vitest.ts';
import { reference } from './strategies/reference.ts';

test('a design that is neither a manager nor a list holds on every backend in both regimes', () => {
  const cells: number[] = [];
  const cellCount = 2 * WORLD_BACKENDS.length;
  const report = runConformance(reference, { runs: 2000, onProgress: (done, of) => cells.push(done, of) });
  expect(report.cells.flatMap(({ broken }) => broken)).toEqual([]);
  expect(report.cells.map(({ backend, regime, outcome, stops, unwitnessed }) => [backend, regime, outcome, stops, unwitnessed])).toEqual(
    WORLD_BACKENDS.flatMap((backend) => ['two-backend', 'in-place'].map((regime) => [backend, regime, 'holds', false, []])),
  );
  expect(report).toMatchObject({ id: 'reference', verdict: 'holds', notApplicable: false, failedCases: [] });
  expect(report.cases.total).toBe(CASES.length);
  expect(report.cases.passed).toBeGreaterThanOrEqual(100);
  expect(report.skippedCases).toEqual(CASES.filter(({ absent }) => absent.length > 0).map(({ id }) => id));
  expect(report.properties.runs).toBeGreaterThanOrEqual(2000);
  expect(cells).toEqual(WORLD_BACKENDS.flatMap((_, at) => [2 * at + 1, cellCount, 2 * at + 2, cellCount]));
});

describeConformance(reference, { backends: ['iommufd'], regimes: ['in-place'], runs: 60, seed: 3 });
