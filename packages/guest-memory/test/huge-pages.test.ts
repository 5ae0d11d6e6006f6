// SPDX-License-Identifier: MIT
import { Bitmap } from '@sda-lab/core-bitmap';
import {
  AssertionFailure,
  type ConversionRequest,
  discardOther,
  GuestMemory,
  type Host,
  type IsAllPrivate,
  isManaged,
  type PageRange,
  type RamBlock,
  type Side,
  type Status,
  takeBack,
} from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const HUGE = 4;

function createMemory(pageCount = 16): { memory: GuestMemory; ram: RamBlock; range: (first: number, end: number) => PageRange } {
  const memory = new GuestMemory({ regime: 'two-backend', gfnCount: pageCount });
  const ram = memory.addBlock('ram', pageCount, true, { hugePages: HUGE });
  memory.addSection({ name: 'ram', block: ram, firstPage: 0, pageCount, firstGfn: 0, readonly: false });
  return { memory, ram, range: (firstPage, endPage) => ({ block: ram, firstPage, endPage }) };
}

function backedPages(memory: GuestMemory, ram: RamBlock, side: Side): number[] {
  return Array.from({ length: ram.pageCount }, (_, page) => page).filter((page) => memory.backing(ram, page, side) !== 0);
}

describe('a shared side on hugetlbfs', () => {
  test('huge/fill: a fault brings the whole huge page, of which each page is told', () => {
    const { memory, ram } = createMemory();
    const told: number[] = [];
    memory.observer = {
      populated: (_block, page) => told.push(page),
      discarded: () => undefined,
      attributesSet: () => undefined,
      convertedInPlace: () => undefined,
    };
    const frame = memory.populate(ram, 6, 'shared');
    expect(backedPages(memory, ram, 'shared')).toEqual([4, 5, 6, 7]);
    expect(told).toEqual([4, 5, 6, 7]);
    expect(memory.backing(ram, 6, 'shared')).toBe(frame);
    expect(memory.populate(ram, 4, 'shared')).not.toBe(frame);
    expect(memory.frames.liveCount).toBe(HUGE);
  });

  test('huge/private-side: guest_memfd keeps its pages of 4 KiB', () => {
    const { memory, ram, range } = createMemory();
    memory.populate(ram, 6, 'private');
    expect(backedPages(memory, ram, 'private')).toEqual([6]);
    expect(memory.discard(range(6, 7), 'private')).toBe(0);
    expect(memory.frames.liveCount).toBe(0);
  });

  test('huge/pin: a pin of one page fills the huge page and holds one frame', () => {
    const { memory, ram } = createMemory();
    memory.pinPage(ram.hostFirstPage + 9, true);
    expect([backedPages(memory, ram, 'shared'), memory.frames.pinCount]).toEqual([[8, 9, 10, 11], 1]);
  });

  test.each([
    { first: 4, end: 5 },
    { first: 5, end: 8 },
    { first: 2, end: 10 },
    { first: 0, end: 6 },
  ])('huge/partial-discard: [$first,$end) is refused with -1 and frees nothing', ({ first, end }) => {
    const { memory, ram, range } = createMemory();
    for (let page = 0; page < 12; page += HUGE) memory.populate(ram, page, 'shared');
    expect(memory.discard(range(first, end), 'shared')).toBe(-1);
    expect(memory.frames.liveCount).toBe(12);
  });

  test('huge/whole-discard: whole huge pages go', () => {
    const { memory, ram, range } = createMemory();
    memory.populate(ram, 0, 'shared');
    memory.populate(ram, 4, 'shared');
    memory.populate(ram, 8, 'shared');
    expect(memory.discard(range(4, 12), 'shared')).toBe(0);
    expect(backedPages(memory, ram, 'shared')).toEqual([0, 1, 2, 3]);
  });

  test('huge/limits: a block is whole huge pages, and in place there is no shared side of its own', () => {
    const memory = new GuestMemory({ regime: 'two-backend', gfnCount: 16 });
    expect(() => memory.addBlock('ram', 6, true, { hugePages: HUGE })).toThrow(AssertionFailure);
    const inPlace = new GuestMemory({ regime: 'in-place', gfnCount: 16 });
    expect(() => inPlace.addBlock('ram', 8, true, { hugePages: HUGE })).toThrow(AssertionFailure);
  });
});

test('managed/who: a block with guest_memfd or a plug source is followed by runs, any other is mapped whole', () => {
  const memory = new GuestMemory({ regime: 'two-backend', gfnCount: 8 });
  const blocks = [memory.addBlock('ram', 2, true), memory.addBlock('m0', 2, false, { isPluggable: true }), memory.addBlock('rom', 1, false)];
  expect(blocks.map(isManaged)).toEqual([true, true, false]);
});

/** A host that writes down what is freed, over one block of huge pages. */
function freeing(refusedAt?: number): { host: Host; freed: string[] } {
  const freed: string[] = [];
  const discard = ({ firstPage, endPage }: PageRange, side: Side): Status => {
    freed.push(`${side} [${firstPage},${endPage})`);
    return firstPage === refusedAt ? -1 : 0;
  };
  const host: Host = { regime: 'two-backend', isDiscardDisabled: false, setAttributes: () => 0, convertInPlace: () => 0, discard, lock: () => true, unlock: () => undefined, exit: () => undefined };
  return { host, freed };
}

describe('freeing the other side of a huge page', () => {
  const block: RamBlock = { name: 'ram', pageCount: 16, hostFirstPage: 1, hasGuestMemfd: true, hugePages: HUGE };
  const free = (firstPage: number, endPage: number, shared: readonly number[], refusedAt?: number): { freed: string[]; status: Status } => {
    const { host, freed } = freeing(refusedAt);
    const isAllPrivate: IsAllPrivate = (first, end) => !shared.some((page) => page >= first && page < end);
    const status = discardOther(host, { block, firstPage, endPage }, 'private', isAllPrivate);
    return { freed, status };
  };

  test('huge/alone: a huge page with a shared page left stays', () => {
    expect(free(5, 7, [4])).toEqual({ freed: [], status: 0 });
  });

  test('huge/last: with its last shared page the whole huge page goes', () => {
    expect(free(5, 6, [])).toEqual({ freed: ['shared [4,8)'], status: 0 });
  });

  test('huge/neighbours: huge pages that adjoin go in one call, one that stays parts them', () => {
    expect(free(1, 15, []).freed).toEqual(['shared [0,16)']);
    expect(free(1, 15, [6]).freed).toEqual(['shared [0,4)', 'shared [8,16)']);
  });

  test('huge/refusal: the first refused call ends it and is the answer', () => {
    expect(free(1, 15, [6], 0)).toEqual({ freed: ['shared [0,4)'], status: -1 });
  });

  test('huge/to-shared: the private side is freed page by page, as anywhere', () => {
    const { host, freed } = freeing();
    expect(discardOther(host, { block, firstPage: 5, endPage: 6 }, 'shared', () => true)).toBe(0);
    expect(freed).toEqual(['private [5,6)']);
  });

  test('huge/nobody-says: without knowing who shares, nothing of it is freed, as in QEMU', () => {
    const { host, freed } = freeing();
    expect(discardOther(host, { block, firstPage: 0, endPage: 16 }, 'private')).toBe(0);
    expect(freed).toEqual([]);
  });

  test('huge/exactly: what is freed is every huge page of the range that nobody shares, and nothing else', () => {
    const pages = fc.uniqueArray(fc.nat(15));
    fc.assert(
      fc.property(fc.nat(15), fc.integer({ min: 1, max: 16 }), pages, (first, count, shared) => {
        const end = Math.min(16, first + count);
        const { freed } = free(first, end, shared);
        const huge = [0, 1, 2, 3].filter((at) => at * HUGE < end && (at + 1) * HUGE > first);
        const wanted = huge.filter((at) => !shared.some((page) => Math.floor(page / HUGE) === at)).flatMap((at) => [0, 1, 2, 3].map((n) => at * HUGE + n));
        const found = freed.flatMap((line) => {
          const [, from, to] = /\[(\d+),(\d+)\)/.exec(line)!;
          return Array.from({ length: Number(to) - Number(from) }, (_, n) => Number(from) + n);
        });
        expect(found).toEqual(wanted);
      }),
    );
  });
});

test('take-back/huge: a page that stays shared is known before any huge page is freed', () => {
  const block: RamBlock = { name: 'ram', pageCount: 8, hostFirstPage: 1, hasGuestMemfd: true, hugePages: HUGE };
  const { host, freed } = freeing();
  const shared = new Bitmap(8);
  const request: ConversionRequest = { pages: { block, firstPage: 0, endPage: 8 }, gfns: { firstGfn: 0, endGfn: 8 } };
  takeBack(host, request, [{ firstPage: 0, endPage: 8 }], {
    isHeld: (page) => page === 3,
    keep: ({ firstPage, endPage }) => shared.set(firstPage, endPage),
    isAllPrivate: (first, end) => shared.allClear(first, end),
  });
  // Pages 0 to 2 come first, and their huge page is the one of page 3, which is held.
  expect(freed).toEqual(['shared [4,8)']);
});
