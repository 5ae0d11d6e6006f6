// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PageRecords } from '../src/_internals/page-records.ts';
import { allMappings, type Mapping, mappingsOf, NaiveRecords } from './support/naive-records.ts';

const BLOCK = 512;
const GIB = BLOCK * BLOCK;
/** Where tables begin, where integers of 32 bits end, the last page of all and the first pages. */
const CORNERS: readonly number[] = [
  0,
  BLOCK,
  2 * BLOCK,
  3 * GIB,
  3 * GIB + BLOCK,
  1030 * GIB,
  2 ** 31,
  2 ** 32,
  2 ** 40 + GIB,
  2 ** 52,
];
const LAST = 2 ** 52;
/** Where `at` of around a corner lies; none before the first page or after the last. */
const near = (corner: number, at: number): number => Math.min(LAST - 1, Math.max(0, CORNERS[corner]! + at));
/** Hosts that adjoin whatever adjoins in IOVA, and others, also above 2^32 and where files begin. */
const HOSTS: readonly number[] = [0, 2 ** 32 - 5, 2 ** 35 + 7, 2 ** 52];

type Step =
  | { readonly op: 'insert'; readonly at: number; readonly granule: number; readonly granules: number; readonly host: number; readonly flags: number }
  | { readonly op: 'remove'; readonly at: number; readonly pages: number }
  | { readonly op: 'remove one' | 'cut'; readonly at: number }
  | { readonly op: 'clear' };

const places = fc.tuple(fc.nat(CORNERS.length - 1), fc.integer({ min: -20, max: 20 })).map(([corner, at]) => near(corner, at));
const pages = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 24 }) },
  { weight: 1, arbitrary: fc.constantFrom(BLOCK, 3 * BLOCK, GIB, 5 * GIB, 2 ** 33, LAST) },
);
const insert = (granule: fc.Arbitrary<number>, granules: fc.Arbitrary<number>): fc.Arbitrary<Step> =>
  fc.record({
    op: fc.constant('insert' as const),
    at: places,
    granule,
    granules,
    host: fc.constantFrom(0, 0, 0, 1, 2, 3),
    flags: fc.constantFrom(3, 3, 3, 1, 7, 11),
  });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: insert(fc.constantFrom(1, 1, 1, 2, 3), fc.constantFrom(1, 1, 1, 2, 5)) },
  { weight: 1, arbitrary: insert(fc.constantFrom(BLOCK, GIB, 2 ** 34), fc.constantFrom(1, 3)) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('remove' as const), at: places, pages }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constantFrom('remove one' as const, 'cut' as const), at: places }) },
);
const steps = fc.array(step, { maxLength: 60, size: 'max' });
/** Enough single mappings that the records are a table, whatever the steps do. */
const CROWD = 40;

interface Watched {
  readonly records: PageRecords;
  readonly naive: NaiveRecords;
  /** Mappings by first page, as the watcher knows them. */
  readonly told: Map<number, Mapping>;
}

function open(isCrowded: boolean): Watched {
  const records = new PageRecords();
  const naive = new NaiveRecords();
  const told = new Map<number, Mapping>();
  records.watcher = {
    inserted: (record) => mappingsOf(record).forEach((one) => told.set(one.first, one)),
    removed: (record) => {
      for (const one of mappingsOf(record)) {
        expect(told.get(one.first)).toEqual(one);
        told.delete(one.first);
      }
    },
  };
  for (let at = 0; isCrowded && at < CROWD; at += 1) {
    const first = 9 * GIB + 3 * at;
    records.insert(first, 1, 1, at, 3);
    naive.insert(first, 1, 1, at, 3);
  }
  return { records, naive, told };
}

/** Answers what was seen of it, on both sides. */
function apply({ records, naive, told }: Watched, each: Step): [unknown, unknown] {
  switch (each.op) {
    case 'insert': {
      const { granule, flags } = each;
      const host = HOSTS[each.host]! + (each.host === 0 ? each.at : 0);
      const count = Math.min(each.granules, Math.floor((LAST - each.at) / granule)) * granule;
      if (count === 0) return [0, 0];
      return [records.insert(each.at, count, granule, host, flags), naive.insert(each.at, count, granule, host, flags)];
    }
    case 'remove': {
      // Ends that cut a mapping are moved to where it begins.
      const first = naive.isCutAt(each.at) ? naive.at(each.at)!.first : each.at;
      const last = Math.min(LAST, each.at + each.pages);
      return remove({ records, naive, told }, first, naive.isCutAt(last) ? naive.at(last)!.first : last);
    }
    case 'remove one': {
      const one = naive.at(each.at);
      return one === undefined ? [0, 0] : remove({ records, naive, told }, one.first, one.first + one.count);
    }
    case 'cut':
      if (!naive.isCutAt(each.at)) return [0, 0];
      return [records.cutMapping(each.at), naive.cutMapping(each.at)];
    case 'clear':
      return [0, 0];
  }
}

function remove({ records, naive }: Watched, first: number, end: number): [unknown, unknown] {
  const removed: Mapping[] = [];
  records.removeRange(first, end, { removed: (record) => removed.push(...mappingsOf(record)) });
  return [removed, naive.removeRange(first, end)];
}

function expectSame({ records, naive, told }: Watched, at: number): void {
  expect(allMappings(records)).toEqual(naive.mappings);
  expect([...told.values()].toSorted((one, other) => one.first - other.first)).toEqual(naive.mappings);
  expect([records.mappingCount, records.pageCount]).toEqual([naive.mappings.length, naive.pageCount]);
  expect(records.chargedCount).toBe(naive.chargedCount);
  expect(records.areSingle).toBe(naive.mappings.every(({ count }) => count === 1));
  for (const page of [at - 1, at, at + 1, at + 4, near(3, 0), near(6, -1)]) {
    if (page < 0) continue;
    const one = naive.at(page);
    expect(records.holds(page)).toBe(one !== undefined);
    const record = records.at(page);
    expect(record === undefined ? undefined : mappingsOf(record).find(({ first, count }) => first + count > page)).toEqual(one);
    expect(records.isCutAt(page)).toBe(naive.isCutAt(page));
    for (const end of [page + 1, page + 30, page + GIB]) {
      expect(records.nextMapped(page, end)).toBe(naive.nextMapped(page, end));
    }
    const before = records.upTo(page);
    const last = naive.mappings.findLast(({ first }) => first <= page);
    expect(before !== undefined).toBe(last !== undefined);
    if (before !== undefined && last !== undefined) {
      expect(before.first <= page && mappingsOf(before).some(({ first }) => first === last.first)).toBe(true);
    }
  }
}

describe.each([
  { form: 'few records', isCrowded: false },
  { form: 'many records', isCrowded: true },
])('$form', ({ isCrowded }) => {
  test('every operation and every answer is that of a list of mappings', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const watched = open(isCrowded);
        for (const each of all) {
          const [real, naive] = apply(watched, each);
          expect(real).toEqual(naive);
          expectSame(watched, each.op === 'clear' ? 0 : each.at);
        }
      }),
      { seed: 11, numRuns: 150 },
    );
  });

  test('pages are read as mapped that a mapping holds', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const watched = open(isCrowded);
        for (const each of all) apply(watched, each);
        const { records, naive } = watched;
        const asked = CORNERS.flatMap((_, corner) => [near(corner, -3), near(corner, 5), near(corner, 6)]);
        const ascending = [...new Set(asked)].toSorted((one, other) => one - other);
        const each = new Uint8Array(ascending.length).fill(9);
        records.readEach(ascending, each, ascending.map((_, at) => ascending.length - 1 - at));
        expect([...each].toReversed()).toEqual(ascending.map((page) => (naive.at(page) === undefined ? 0 : 1)));
        for (const first of [0, BLOCK - 10, 3 * GIB - 10, 2 ** 31 - 10]) {
          const row = new Uint8Array(41).fill(9);
          records.read(first, first + 40, row, 1);
          const expected = Array.from({ length: 40 }, (_, at) => (naive.at(first + at) === undefined ? 0 : 1));
          expect([...row]).toEqual([9, ...expected]);
        }
      }),
      { seed: 12, numRuns: 100 },
    );
  });
});

test('a list that becomes a table and a table that falls empty lose nothing', () => {
  const { records, naive, told } = open(false);
  const growTo = (count: number): void => {
    for (let at = naive.mappings.length; at < count; at += 1) {
      const first = ((at * 7919) % 2048) * 3 + 1;
      expect(records.insert(first, 2, 2, at * 5, 3)).toBe(naive.insert(first, 2, 2, at * 5, 3));
      expectSame({ records, naive, told }, first);
    }
  };
  growTo(31);
  growTo(36);
  expect(remove({ records, naive, told }, 0, 3000)[0]).toHaveLength(36 - naive.mappings.length);
  expectSame({ records, naive, told }, 100);
  remove({ records, naive, told }, 0, LAST);
  expect([records.mappingCount, told.size]).toEqual([0, 0]);
  growTo(40);
});

test('a table that is cleared has nothing left, whatever is appended then', () => {
  const { records } = open(true);
  records.watcher = undefined;
  records.clear();
  expect([records.mappingCount, records.pageCount, allMappings(records)]).toEqual([0, 0, []]);
  for (let at = 0; at < 50; at += 1) records.append(3 * at, 2, 2, at, 3);
  expect([records.mappingCount, records.pageCount, allMappings(records).length]).toEqual([50, 100, 50]);
  expect(records.insert(148, 1, 1, 0, 3)).toBe(false);
});

test('1 TiB of single pages, made 512 at a time, is one record of a few bytes; two halves of it are two', () => {
  const records = new PageRecords();
  const tebibyte = 1024 * GIB;
  for (let first = 0; first < tebibyte; first += BLOCK) records.insert(first, BLOCK, 1, first + 9, 3);
  expect([records.mappingCount, records.byteCount]).toEqual([tebibyte, 0]);
  records.removeRange(5 * GIB + 77, 5 * GIB + 78);
  expect([records.at(5 * GIB)?.count, records.upTo(tebibyte)?.first]).toEqual([5 * GIB + 77, 5 * GIB + 78]);
  expect(records.mappingCount).toBe(tebibyte - 1);
});

test('1 Mi scattered mappings take at most 16 bytes each, and many kinds of host pages no more than they must', () => {
  const records = new PageRecords();
  const count = 2 ** 20;
  for (let at = 0; at < count; at += 1) records.insert(((at * 514_229) % count) * 2, 1, 1, 2 ** 35 + at * 7, 3);
  expect(records.mappingCount).toBe(count);
  expect(records.byteCount / count).toBeLessThanOrEqual(16);
});

test('mappings of more kinds than are numbered are kept whole', () => {
  const records = new PageRecords();
  const naive = new NaiveRecords();
  for (let at = 0; at < 1100; at += 1) {
    naive.mappings.push({ first: at * 2, count: 1, host: at * 2 ** 33, flags: 3 });
    records.insert(at * 2, 1, 1, at * 2 ** 33, 3);
  }
  expect(allMappings(records)).toEqual(naive.mappings);
});
