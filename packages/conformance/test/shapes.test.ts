// SPDX-License-Identifier: MIT
import type { Side } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { firmwarePingPong, type Operation, SNP_LINUX_ENTRIES, SNP_MAX_ENTRIES, snpEntriesOf, type SnpEntry, snpPageStateChange, tdxMapGpa } from '../src/index.ts';
import { settings } from './support/settings.ts';

const sides = fc.constantFrom<Side>('shared', 'private');

/** The side each page ends on, by the operations one after the other. */
function endsOn(operations: readonly Operation[]): Map<number, Side> {
  const ends = new Map<number, Side>();
  for (const operation of operations) {
    if (operation.op !== 'convert') continue;
    for (let page = operation.page; page < operation.page + operation.count; page += 1) ends.set(page, operation.to);
  }
  return ends;
}

function entryEnds(entries: readonly SnpEntry[]): Map<number, Side> {
  return endsOn(entries.map(({ page, pages, to }) => ({ op: 'convert', page, count: pages, to })));
}

describe('MapGPA', () => {
  test('exits are counted from the start of the request, 2 MiB each, the last one shorter', () => {
    expect(tdxMapGpa({ page: 3, count: 1030 }, 'shared').map(({ page, count }) => [page, count])).toEqual([[3, 512], [515, 512], [1027, 6]]);
    expect(tdxMapGpa({ page: 0, count: 512 }, 'private')).toEqual([{ op: 'convert', page: 0, count: 512, to: 'private' }]);
  });

  test('a GiB is 512 exits', () => {
    expect(tdxMapGpa({ page: 0, count: 2 ** 18 }, 'shared')).toHaveLength(512);
  });

  test('exits name each page once, in order, none longer than asked', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 20 }), sides, (page, count, exitPages, to) => {
        const exits = tdxMapGpa({ page, count }, to, exitPages);
        const named = exits.flatMap((exit) => Array.from({ length: exit.count }, (_, at) => exit.page + at));
        expect(named).toEqual(Array.from({ length: count }, (_, at) => page + at));
        expect(exits.every((exit) => exit.count <= exitPages && exit.to === to)).toBe(true);
      }),
      settings(200),
    );
  });
});

describe('page state change', () => {
  test('adjacent entries of one operation and size are one exit, any other difference parts them', () => {
    const entries: SnpEntry[] = [
      { page: 0, pages: 1, to: 'shared' },
      { page: 1, pages: 1, to: 'shared' },
      { page: 2, pages: 1, to: 'private' },
      { page: 4, pages: 1, to: 'private' },
      { page: 512, pages: 512, to: 'shared' },
      { page: 1024, pages: 512, to: 'shared' },
      { page: 1536, pages: 1, to: 'shared' },
    ];
    expect(snpPageStateChange(entries).map(({ page, count, to }) => [page, count, to])).toEqual([
      [0, 2, 'shared'],
      [2, 1, 'private'],
      [4, 1, 'private'],
      [512, 1024, 'shared'],
      [1536, 1, 'shared'],
    ]);
  });

  test('exits end where single entries end, and there are no more of them', () => {
    const entry = fc.record({ page: fc.nat(24), pages: fc.constantFrom(1, 4), to: sides });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 40 }), (entries) => {
        const exits = snpPageStateChange(entries);
        expect(endsOn(exits)).toEqual(entryEnds(entries));
        expect(exits.length).toBeLessThanOrEqual(entries.length);
        expect(exits.reduce((sum, { count }) => sum + count, 0)).toBe(entries.reduce((sum, { pages }) => sum + pages, 0));
      }),
      settings(200),
    );
  });

  test('a buffer holds 253 entries and no more', () => {
    const entries = (count: number): SnpEntry[] => Array.from({ length: count }, (_, at) => ({ page: 2 * at, pages: 1, to: 'shared' }));
    expect(snpPageStateChange(entries(SNP_MAX_ENTRIES))).toHaveLength(253);
    expect(() => snpPageStateChange(entries(SNP_MAX_ENTRIES + 1))).toThrow('254 entries; a GHCB holds 253');
  });

  test('a Linux guest names a run by 2 MiB where it can, in buffers of 64', () => {
    const buffers = snpEntriesOf({ page: 510, count: 1030 }, 'shared');
    expect(buffers.map((buffer) => buffer.length)).toEqual([8]);
    expect(buffers[0]!.map(({ page, pages }) => [page, pages])).toEqual([[510, 1], [511, 1], [512, 512], [1024, 512], [1536, 1], [1537, 1], [1538, 1], [1539, 1]]);
    fc.assert(
      fc.property(fc.nat(30), fc.integer({ min: 1, max: 400 }), fc.constantFrom(4, 8), (page, count, largePages) => {
        const run = snpEntriesOf({ page, count }, 'private', largePages);
        expect(run.slice(0, -1).every((buffer) => buffer.length === SNP_LINUX_ENTRIES)).toBe(true);
        expect(entryEnds(run.flat())).toEqual(endsOn([{ op: 'convert', page, count, to: 'private' }]));
        expect(run.flat().every((entry) => entry.pages === 1 || entry.page % largePages === 0)).toBe(true);
      }),
      settings(100),
    );
  });
});

describe('a firmware that shares a buffer for each transfer', () => {
  test('5000 conversions in pairs: what is shared goes back, 8 pages at most, inside its pool', () => {
    const operations = firmwarePingPong(5000, 64, 1);
    const conversions = operations.filter((operation) => operation.op === 'convert');
    expect(conversions).toHaveLength(5000);
    expect([...endsOn(operations).values()].every((side) => side === 'private')).toBe(true);
    expect(conversions.every(({ page, count }) => count >= 1 && count <= 8 && page + count <= 64)).toBe(true);
    expect(new Set(conversions.map(({ count }) => count)).size).toBe(8);
    expect(operations.length).toBeGreaterThan(5400);
  });

  test('one seed is one list', () => {
    expect(firmwarePingPong(60, 16, 7)).toEqual(firmwarePingPong(60, 16, 7));
    expect(firmwarePingPong(60, 16, 7)).not.toEqual(firmwarePingPong(60, 16, 8));
  });
});
