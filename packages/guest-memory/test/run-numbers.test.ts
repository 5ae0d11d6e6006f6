// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createPageNumbers, type NumberKind, type PageNumbers, RunNumbers } from '../src/index.ts';

interface Change {
  readonly first: number;
  readonly count: number;
  readonly value: number;
}

const PAGES = 45;
const changes: fc.Arbitrary<Change[]> = fc.array(
  fc.record({ first: fc.nat(PAGES - 1), count: fc.oneof(fc.constantFrom(1, 4, 8, 16), fc.integer({ min: 1, max: PAGES })), value: fc.constantFrom(0, 0, 1, 2, 9, 10, 200) }),
  { maxLength: 25, size: 'max' },
);

/** One number after the other. */
function apply(naive: number[], kind: NumberKind, { first, count, value }: Change): void {
  for (let at = first; at < Math.min(PAGES, first + count); at += 1) naive[at] = value === 0 || kind === 'marks' ? value : value + at - first;
}

function isRun(naive: readonly number[], kind: NumberKind, first: number, end: number): boolean {
  const rise = kind === 'marks' || naive[first] === 0 ? 0 : 1;
  return naive.slice(first, end).every((value, at) => value === naive[first]! + rise * at);
}

/** The first thing that differs from the naive numbers, in words. */
function difference(numbers: PageNumbers, naive: readonly number[], kind: NumberKind): string | undefined {
  for (let page = 0; page < PAGES; page += 1) {
    if (numbers.get(page) !== naive[page]) return `page ${page} holds ${numbers.get(page)}, not ${naive[page]}`;
    const end = numbers.endOfRun(page, PAGES - (page % 3));
    if (page < PAGES - (page % 3) && (end <= page || end > PAGES - (page % 3) || !isRun(naive, kind, page, end))) return `no run [${page}, ${end})`;
    for (const value of [0, 1, 10]) {
      const at = naive.findIndex((one, where) => where >= page && one === value);
      const owed = at === -1 || at >= PAGES - 2 ? Math.max(page, PAGES - 2) : at;
      if (page < PAGES - 2 && numbers.next(value, page, PAGES - 2) !== owed) return `the next ${value} from ${page} on`;
    }
  }
  return undefined;
}

function firstDifference(numbers: PageNumbers, kind: NumberKind, drawn: readonly Change[]): string | undefined {
  const naive = Array.from({ length: PAGES }, () => 0);
  for (const change of drawn) {
    apply(naive, kind, change);
    const end = Math.min(PAGES, change.first + change.count);
    if (change.count === 1) numbers.set(change.first, change.value);
    else numbers.setRun(change.first, end, change.value);
    const found = difference(numbers, naive, kind);
    if (found !== undefined) return found;
  }
  return undefined;
}

const FORMS = (['marks', 'identities'] as const).flatMap((kind) =>
  (['exact', 2, 8, 16, 512] as const).map((form) => ({ kind, form, storage: form === 'exact' ? form : { leafPages: form } })),
);

describe('numbers of pages', () => {
  test.each(FORMS)('numbers/naive: $kind, $form, hold what was set, and tell runs that are runs', ({ kind, storage }) => {
    fc.assert(
      fc.property(changes, (drawn) => {
        expect(firstDifference(createPageNumbers(storage, kind, PAGES), kind, drawn)).toBeUndefined();
      }),
      { seed: 1, numRuns: 120 },
    );
  });

  test('numbers/planted: a run told one page too long is seen', () => {
    class EndsLate extends RunNumbers {
      override endOfRun(page: number, endPage: number): number {
        return Math.min(endPage, super.endOfRun(page, endPage) + 1);
      }
    }
    expect(firstDifference(new EndsLate('marks', PAGES, 8), 'marks', [{ first: 8, count: 8, value: 1 }])).toMatch(/no run/);
  });

  test('numbers/merge: a leaf that is one run again takes no room', () => {
    const numbers = new RunNumbers('identities', 512 * 64);
    const bytes = numbers.byteCount;
    for (let round = 0; round < 50; round += 1) {
      for (let leaf = 0; leaf < 64; leaf += 1) numbers.setRun(leaf * 512 + 5, leaf * 512 + 300, 0);
      for (let leaf = 0; leaf < 64; leaf += 1) numbers.setRun(leaf * 512, leaf * 512 + 512, 1 + leaf * 512);
      for (let page = 700; page < 800; page += 1) numbers.set(page, 0);
      for (let page = 700; page < 800; page += 1) numbers.set(page, 1 + page);
      expect(numbers.endOfRun(512, 1024)).toBe(1024);
    }
    expect(numbers.byteCount).toBeLessThanOrEqual(bytes + 64 * 2048);
  });

  test('numbers/large: marks of more than a byte are kept, those before them too', () => {
    const numbers = new RunNumbers('marks', 32, 8);
    numbers.setRun(1, 5, 255);
    numbers.setRun(10, 13, 256);
    numbers.set(4, 70_000);
    expect([0, 1, 3, 4, 5, 10, 12, 13].map((page) => numbers.get(page))).toEqual([0, 255, 255, 70_000, 0, 256, 256, 0]);
  });

  test('numbers/grow: numbers that come hold 0', () => {
    const numbers = new RunNumbers('marks', 16, 8);
    numbers.setRun(3, 16, 2);
    numbers.grow(32);
    expect([numbers.get(15), numbers.get(16), numbers.get(31), numbers.endOfRun(16, 32)]).toEqual([2, 0, 0, 24]);
  });
});
