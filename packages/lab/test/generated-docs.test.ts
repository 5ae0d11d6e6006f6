// SPDX-License-Identifier: MIT
// docs/cases.md and docs/track-record.md are written by this test (UPDATE_DOCS=1) and held against the suite ever after.
import { readFileSync, writeFileSync } from 'node:fs';
import { CASES, INVARIANTS } from '@sda-lab/conformance';
import { describe, expect, it } from 'vitest';
import { caseList, DEFECTS, findDefect, trackRecord } from '../src/index.ts';

/** What stands in the file; written first where that is asked for. */
function fileOf(name: string, text: string): string {
  const file = new URL(`../../../docs/${name}`, import.meta.url);
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(file, text);
  return readFileSync(file, 'utf8');
}

describe('docs/cases.md', () => {
  it('is what the suite says', () => {
    const text = caseList();
    expect(fileOf('cases.md', text)).toBe(text);
  });

  it('tells of at least 220 cases, 40 % of them negative, every invariant with both kinds', () => {
    const negatives = CASES.filter(({ isNegative }) => isNegative);
    expect(new Set(CASES.map(({ id }) => id)).size).toBeGreaterThanOrEqual(220);
    expect(negatives.length / CASES.length).toBeGreaterThanOrEqual(0.4);
    expect(INVARIANTS.filter((invariant) => !negatives.some(({ about }) => about === invariant))).toEqual([]);
  });
});

describe('docs/track-record.md', () => {
  it('is what the cases find on the strategies', () => {
    const text = trackRecord(DEFECTS);
    expect(fileOf('track-record.md', text)).toBe(text);
  });

  it('cannot hold a defect that its case does not find', () => {
    const [first] = DEFECTS;
    expect(() => findDefect({ ...first!, strategy: 'extended-rdm' })).toThrow(/finds no live coherent/);
    expect(() => findDefect({ ...first!, case: 'convert/first-page' })).toThrow(/finds no live coherent/);
    expect(() => findDefect({ ...first!, strategy: 'none' })).toThrow(/no strategy 'none'/);
  });

  it('shows each with a history of at most twelve operations', () => {
    for (const defect of DEFECTS) expect(findDefect(defect).history.split(';').length - 1).toBeLessThanOrEqual(12);
  });
});
