// SPDX-License-Identifier: MIT
import { existsSync, readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import {
  CASES,
  type Cell,
  compareWithExpectations,
  type ConformanceReport,
  type ExpectationRow,
  type Expectations,
  EXPECTATIONS_SCHEMA_ID,
  expectationsSchema,
  findExpectation,
  type Finding,
  runConformance,
  uncoordinated,
} from '../src/index.ts';

const FILE = new URL('../expectations.json', import.meta.url);
const common = { strategy: 'sample', regime: 'two-backend', backend: '*', basis: 'derived', source: 'this test' } as const;

function whole(outcome: 'holds' | 'broken' | 'stops' | 'n-a', more: Partial<ExpectationRow> = {}): ExpectationRow {
  return { ...common, invariant: '*', outcome, stops: false, ...more } as ExpectationRow;
}

function broken(invariant: 'coherent' | 'atomic', reach: 'live' | 'latent', more: Partial<ExpectationRow> = {}): ExpectationRow {
  return { ...common, invariant, outcome: 'broken', reach, ...more } as ExpectationRow;
}

function fileOf(...rows: ExpectationRow[]): Expectations {
  return v.parse(expectationsSchema, { schema: EXPECTATIONS_SCHEMA_ID, rows });
}

function finding(invariant: 'coherent' | 'atomic', reach: 'live' | 'latent'): Finding {
  const place = { case: 'six-steps/sample', backend: 'type1v2', regime: 'two-backend' } as const;
  return { invariant, reach, ...place, seenIn: 'state', onRefusal: 'stop', history: 'world(); dump', explanation: 'Let, Then, However.' };
}

function reportOf(...cells: Partial<Cell>[]): ConformanceReport {
  const cell: Cell = { backend: 'type1v2', regime: 'two-backend', outcome: 'holds', stops: false, broken: [], unwitnessed: [] };
  return {
    id: 'sample',
    verdict: 'holds',
    notApplicable: false,
    cells: cells.map((part) => ({ ...cell, ...part })),
    cases: { total: 0, passed: 0, failed: 0, skipped: 0 },
    skippedCases: [],
    failedCases: [],
    worlds: 0,
    properties: { runs: 0, commands: 0 },
  };
}

const WHERE = 'sample on type1v2, two-backend';

describe('a report against the file', () => {
  test('equal: nothing to say', () => {
    const report = reportOf({ outcome: 'broken', stops: true, broken: [finding('coherent', 'live'), finding('atomic', 'latent')] });
    const file = fileOf(whole('broken', { stops: true }), broken('coherent', 'live'), broken('atomic', 'latent'));
    expect(compareWithExpectations(report, file)).toEqual([]);
  });

  test.each<[string, Partial<Cell>, ExpectationRow[], string[]]>([
    ['no row for the cell', {}, [whole('holds', { strategy: 'other' })], ['no expectation is on file']],
    ['invariant rows without one for the whole cell', {}, [broken('coherent', 'live')], ['no expectation is on file']],
    ['another outcome', { outcome: 'unknown' }, [whole('holds')], ['expected holds, found unknown']],
    ['stops, not expected', { stops: true }, [whole('holds')], ['expected stops=false, found stops=true']],
    ['stops expected, not found', {}, [whole('holds', { stops: true })], ['expected stops=true, found stops=false']],
    [
      'expected broken, held',
      { outcome: 'broken', broken: [finding('coherent', 'live')] },
      [whole('broken'), broken('coherent', 'live'), broken('atomic', 'latent')],
      ['expected atomic latent broken, it held'],
    ],
    [
      'broken, not expected',
      { outcome: 'broken', broken: [finding('coherent', 'live')] },
      [whole('broken')],
      ['coherent live broken, not expected'],
    ],
    [
      'broken with another reach',
      { outcome: 'broken', broken: [finding('atomic', 'live')] },
      [whole('broken'), broken('atomic', 'latent')],
      ['expected atomic latent broken, it held', 'atomic live broken, not expected'],
    ],
    [
      'everything at once',
      { outcome: 'broken', stops: true, broken: [finding('coherent', 'live')] },
      [whole('holds')],
      ['expected holds, found broken', 'expected stops=false, found stops=true', 'coherent live broken, not expected'],
    ],
  ])('%s', (_, cell, rows, differences) => {
    expect(compareWithExpectations(reportOf(cell), fileOf(...rows))).toEqual(differences.map((text) => `${WHERE}: ${text}`));
  });

  test('a row counts for its regime and its backend, * for any backend', () => {
    const report = reportOf({}, { backend: 'iommufd' }, { regime: 'in-place', outcome: 'n-a' });
    const file = fileOf(whole('holds', { backend: 'type1v2' }), whole('n-a', { regime: 'in-place' }));
    expect(compareWithExpectations(report, file)).toEqual(['sample on iommufd, two-backend: no expectation is on file']);
  });

  test('the row behind a finding is found by place, invariant and reach', () => {
    const row = broken('atomic', 'latent', { backend: 'iommufd' });
    const file = fileOf(whole('broken'), row);
    const place = { strategy: 'sample', regime: 'two-backend', backend: 'iommufd' };
    expect(findExpectation(file, place, 'atomic', 'latent')).toEqual(row);
    expect(findExpectation(file, place, 'atomic', 'live')).toBeUndefined();
    expect(findExpectation(file, { ...place, backend: 'type1v2' }, 'atomic', 'latent')).toBeUndefined();
    expect(findExpectation(file, place, '*', 'live')).toBeUndefined();
  });

  test('a true report compares too', () => {
    const pinned = CASES.filter(({ id }) => id === 'order/in-place-pinned-page-turns-private');
    const report = runConformance(uncoordinated, { cases: pinned, regimes: ['in-place'], runs: 0 });
    const row = { ...common, strategy: 'uncoordinated', regime: 'in-place', invariant: '*', outcome: 'holds' };
    const differences = compareWithExpectations(report, v.parse(expectationsSchema, { schema: EXPECTATIONS_SCHEMA_ID, rows: [row] }));
    expect(differences[0]).toBe('uncoordinated on type1v2, in-place: expected holds, found broken');
    expect(differences.every((line) => line.startsWith('uncoordinated on '))).toBe(true);
  });
});

describe('the schema', () => {
  test('takes the file of the package, which has rows and a source for each', () => {
    const text = existsSync(FILE) ? readFileSync(FILE, 'utf8') : JSON.stringify(fileOf(whole('holds')));
    const { rows } = v.parse(expectationsSchema, JSON.parse(text));
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter(({ source }) => source.trim() === '')).toEqual([]);
    const keys = rows.map(({ strategy, regime, backend, invariant, ...row }) => [strategy, regime, backend, invariant, 'reach' in row && row.reach].join(' '));
    expect(keys.length).toBe(new Set(keys).size);
  });

  test.each<[string, unknown]>([
    ['another schema id', { schema: 'sda-lab/expectations@2', rows: [] }],
    ['an unknown outcome', { schema: EXPECTATIONS_SCHEMA_ID, rows: [{ ...whole('holds'), outcome: 'fine' }] }],
    ['an invariant that holds by itself', { schema: EXPECTATIONS_SCHEMA_ID, rows: [{ ...broken('atomic', 'live'), outcome: 'holds' }] }],
    ['an unknown invariant', { schema: EXPECTATIONS_SCHEMA_ID, rows: [{ ...broken('atomic', 'live'), invariant: 'pretty' }] }],
    ['no reach', { schema: EXPECTATIONS_SCHEMA_ID, rows: [{ ...common, invariant: 'atomic', outcome: 'broken' }] }],
    ['a backend no world has', { schema: EXPECTATIONS_SCHEMA_ID, rows: [{ ...whole('holds'), backend: 'vfio-mdev' }] }],
    ['an unknown basis', { schema: EXPECTATIONS_SCHEMA_ID, rows: [{ ...whole('holds'), basis: 'hearsay' }] }],
    ['an unknown key', { schema: EXPECTATIONS_SCHEMA_ID, rows: [{ ...whole('holds'), colour: 'red' }] }],
  ])('refuses %s', (_, data) => {
    expect(v.safeParse(expectationsSchema, data).success).toBe(false);
  });
});

describe('what the file calls observed', () => {
  /** Which design was seen on which backend by one of the recordings; a design of another version was not. */
  const SEEN: Readonly<Record<string, readonly string[]>> = {
    uncoordinated: ['type1v2', 'iommufd', 'iommufd-compat-v2'],
    'multi-source-rdm': ['iommufd', 'vfio-user'],
  };
  const { rows } = v.parse(expectationsSchema, JSON.parse(readFileSync(FILE, 'utf8')));

  test('was seen of that design on that backend', () => {
    const claimed = rows.filter(({ basis }) => basis === 'observed');
    expect(claimed.length).toBeGreaterThan(0);
    expect(claimed.filter(({ strategy, backend }) => SEEN[strategy]?.includes(backend) !== true)).toEqual([]);
  });
});
