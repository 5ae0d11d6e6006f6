// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PageRecords, type RecordsWatcher } from '../src/_internals/page-records.ts';
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
  | { readonly op: 'remove one' | 'cut'; readonly at: number };

/** Two places and what lies around them, so that steps meet. */
const stepsWith = (stepAt: (at: fc.Arbitrary<number>) => fc.Arbitrary<Step>): fc.Arbitrary<Step[]> =>
  fc.tuple(fc.nat(CORNERS.length - 1), fc.nat(CORNERS.length - 1), fc.constantFrom(3, 12)).chain(([one, other, reach]) => {
    const at = fc.tuple(fc.constantFrom(one, other), fc.integer({ min: -reach, max: reach }));
    return fc.array(stepAt(at.map(([corner, offset]) => near(corner, offset))), { maxLength: 60, size: 'max' });
  });
const insert = (at: fc.Arbitrary<number>, granule: readonly number[], granules: readonly number[]): fc.Arbitrary<Step> =>
  fc.record({
    op: fc.constant('insert' as const),
    at,
    granule: fc.constantFrom(...granule),
    granules: fc.constantFrom(...granules),
    host: fc.constantFrom(0, 0, 0, 1, 2, 3),
    flags: fc.constantFrom(3, 3, 3, 3, 3, 1, 7, 11),
  });
const remove = (at: fc.Arbitrary<number>): fc.Arbitrary<Step> =>
  fc.record({
    op: fc.constant('remove' as const),
    at,
    pages: fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 1, max: 12 }) },
      { weight: 1, arbitrary: fc.constantFrom(BLOCK, 3 * BLOCK, GIB, 5 * GIB, 2 ** 33, LAST) },
    ),
  });
const mixed = stepsWith((at) =>
  fc.oneof(
    { weight: 10, arbitrary: insert(at, [1, 1, 1, 2, 3], [1, 1, 1, 2, 5]) },
    { weight: 1, arbitrary: insert(at, [BLOCK, GIB, 2 ** 34], [1, 3]) },
    { weight: 4, arbitrary: remove(at) },
    { weight: 3, arbitrary: fc.record({ op: fc.constantFrom('remove one' as const, 'cut' as const), at }) },
  ),
);
/** Mappings of single pages, a run now and then. */
const single = stepsWith((at) =>
  fc.oneof(
    { weight: 24, arbitrary: insert(at, [1], [1]) },
    { weight: 1, arbitrary: insert(at, [1], [3, 14, BLOCK + 9]) },
    { weight: 8, arbitrary: fc.record({ op: fc.constant('remove one' as const), at }) },
    { weight: 1, arbitrary: remove(at) },
  ),
);
/** Enough single mappings that the records are a table, whatever the steps do. */
const CROWD = 40;

interface Watched {
  readonly records: PageRecords;
  readonly naive: NaiveRecords;
  /** Mappings by first page, as the watcher knows them; undefined without one. */
  readonly told: Map<number, Mapping> | undefined;
}

function open(isCrowded: boolean, isWatched: boolean): Watched {
  const records = new PageRecords();
  const naive = new NaiveRecords();
  const told = new Map<number, Mapping>();
  const watcher: RecordsWatcher = {
    inserted: (record) => mappingsOf(record).forEach((one) => told.set(one.first, one)),
    removed: (record) => {
      for (const one of mappingsOf(record)) {
        expect(told.get(one.first)).toEqual(one);
        told.delete(one.first);
      }
    },
  };
  if (isWatched) records.watcher = watcher;
  const crowd = isCrowded ? CROWD : 0;
  for (let at = 0; at < crowd; at += 1) {
    const first = 9 * GIB + 3 * at;
    records.insert(first, 1, 1, at, 3);
    naive.insert(first, 1, 1, at, 3);
  }
  return { records, naive, told: isWatched ? told : undefined };
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
      return removeBoth({ records, naive, told }, first, naive.isCutAt(last) ? naive.at(last)!.first : last);
    }
    case 'remove one': {
      const one = naive.at(each.at);
      return one === undefined ? [0, 0] : removeBoth({ records, naive, told }, one.first, one.first + one.count);
    }
    case 'cut':
      if (!naive.isCutAt(each.at)) return [0, 0];
      return [records.cutMapping(each.at), naive.cutMapping(each.at)];
  }
}

function removeBoth({ records, naive }: Watched, first: number, end: number): [unknown, unknown] {
  const removed: Mapping[] = [];
  records.removeRange(first, end, { removed: (record) => removed.push(...mappingsOf(record)) });
  return [removed, naive.removeRange(first, end)];
}

function expectSame({ records, naive, told }: Watched, at: number): void {
  expect(allMappings(records)).toEqual(naive.mappings);
  const heard = told === undefined ? naive.mappings : [...told.values()];
  expect(heard.toSorted((one, other) => one.first - other.first)).toEqual(naive.mappings);
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
    const last = before === undefined ? undefined : mappingsOf(before).findLast(({ first }) => first <= page);
    expect(last).toEqual(naive.mappings.findLast(({ first }) => first <= page));
  }
}

describe.each([
  { form: 'few records', steps: mixed, isCrowded: false, isWatched: true },
  { form: 'many records', steps: mixed, isCrowded: true, isWatched: true },
  { form: 'many single pages', steps: single, isCrowded: true, isWatched: true },
  { form: 'many single pages, nobody watching', steps: single, isCrowded: true, isWatched: false },
])('$form', ({ steps, isCrowded, isWatched }) => {
  test('every operation and every answer is that of a list of mappings', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const watched = open(isCrowded, isWatched);
        for (const each of all) {
          const [real, naive] = apply(watched, each);
          expect(real).toEqual(naive);
          expectSame(watched, each.at);
        }
      }),
      { seed: 11, numRuns: 120 },
    );
  });

  test('pages are read as mapped that a mapping holds', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const watched = open(isCrowded, isWatched);
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
      { seed: 12, numRuns: 60 },
    );
  });
});

test.each([{ isWatched: true }, { isWatched: false }])('a list that becomes a table that falls empty loses nothing (watched: $isWatched)', ({ isWatched }) => {
  const { records, naive, told } = open(false, isWatched);
  const growTo = (count: number, pages: number): void => {
    for (let at = 0; naive.mappings.length < count; at += 1) {
      const first = ((at * 7919) % 2048) * 3 + 1;
      expect(records.insert(first, pages, pages, at * 5, 7)).toBe(naive.insert(first, pages, pages, at * 5, 7));
      expectSame({ records, naive, told }, first);
    }
  };
  for (const pages of [2, 1]) {
    growTo(31, pages);
    growTo(36, pages);
    expect(removeBoth({ records, naive, told }, 0, 3000)[0]).toHaveLength(36 - naive.mappings.length);
    expectSame({ records, naive, told }, 100);
    removeBoth({ records, naive, told }, 0, LAST);
    expectSame({ records, naive, told }, 100);
    expect(records.mappingCount).toBe(0);
    growTo(40, pages);
    removeBoth({ records, naive, told }, 0, LAST);
  }
});

test.each([{ isCrowded: false }, { isCrowded: true }])('a page between two is merged with both (crowded: $isCrowded)', ({ isCrowded }) => {
  const watched = open(isCrowded, false);
  const { records, naive } = watched;
  for (const page of [600, 602, 601, 599]) {
    expect(records.insert(page, 1, 1, page + 7, 3)).toBe(naive.insert(page, 1, 1, page + 7, 3));
    expectSame(watched, page);
  }
  expect(records.at(599)?.count).toBe(4);
  // In a block of single pages, before one and after one.
  for (const page of [1100, 1200, 1199, 1101]) records.insert(page, 1, 1, page + 7, 3);
  expect([records.at(1101)?.first, records.at(1200)?.first]).toEqual([1100, 1199]);
});

test('pages of a block become one record in whatever order they come', () => {
  const { records } = open(true, false);
  for (let at = 0; at < BLOCK; at += 1) {
    const page = BLOCK + ((at * 205) % BLOCK);
    records.insert(page, 1, 1, 2 ** 32 - 700 + page, 3);
  }
  expect(records.at(BLOCK + 77)?.count).toBe(BLOCK);
});

test('a table that is cleared has nothing left, whatever is appended then', () => {
  const { records } = open(true, false);
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
