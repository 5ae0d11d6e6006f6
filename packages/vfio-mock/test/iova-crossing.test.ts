// SPDX-License-Identifier: MIT
/* A record that begins in one block of 512 pages and ends in another, which has pages of its own. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PageRecords } from '../src/_internals/page-records.ts';
import { allMappings, NaiveRecords } from './support/naive-records.ts';

const BLOCK = 512;
/** So many that the list has become a table. */
const CROWD = 64;
const READ_WRITE = 3;

function crowded(): { records: PageRecords; naive: NaiveRecords } {
  const [records, naive] = [new PageRecords(), new NaiveRecords()];
  for (let at = 0; at < CROWD; at += 1) {
    const first = 40 * BLOCK + 3 * at;
    records.insert(first, 1, 1, at, READ_WRITE);
    naive.insert(first, 1, 1, at, READ_WRITE);
  }
  return { records, naive };
}

describe('a mapping that crosses into a block', () => {
  test('crossing/overlap: no page of it can be mapped again, however many single pages the block has', () => {
    const { records } = crowded();
    for (const page of [100, 200, 300]) expect(records.insert(BLOCK + page, 1, 1, page, READ_WRITE)).toBe(true);
    expect(records.insert(BLOCK - 20, 40, 40, 7000, READ_WRITE)).toBe(true);
    for (let page = BLOCK - 20; page < BLOCK + 20; page += 1) {
      expect([records.holds(page), records.insert(page, 1, 1, page, READ_WRITE)]).toEqual([true, false]);
    }
    expect(records.mappingCount).toBe(CROWD + 4);
  });

  test('crossing/model: singles and crossings in any order are what the naive model says', () => {
    const single = fc.record({ first: fc.integer({ min: BLOCK - 30, max: 2 * BLOCK + 30 }), count: fc.constant(1) });
    const crossing = fc.record({ first: fc.constantFrom(BLOCK - 20, BLOCK - 3, 2 * BLOCK - 25, 2 * BLOCK - 1), count: fc.constantFrom(2, 25, 40) });
    const step = fc.record({ range: fc.oneof({ weight: 4, arbitrary: single }, crossing), isMap: fc.constantFrom(true, true, true, false) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const { records, naive } = crowded();
        for (const { range: { first, count }, isMap } of steps) {
          const isCut = naive.isCutAt(first) || naive.isCutAt(first + count);
          const answers = [records, naive].map((one) => {
            if (isMap) return one.insert(first, count, count, 5 * first, READ_WRITE);
            if (!isCut) one.removeRange(first, first + count);
            return isCut;
          });
          expect(answers[0]).toBe(answers[1]);
        }
        expect(allMappings(records)).toEqual(naive.mappings);
      }),
      { seed: 15, numRuns: 400 },
    );
  });
});
