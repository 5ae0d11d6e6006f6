// SPDX-License-Identifier: MIT
import { AddressSpace, AssertionFailure, intersectSection, type RamBlock, type Section } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const block: RamBlock = { name: 'ram', pageCount: 64, hostFirstPage: 0x1000, hasGuestMemfd: true };

function section(firstGfn: number, pageCount: number, firstPage = 0): Section {
  return { name: `at-${firstGfn}`, block, firstPage, pageCount, firstGfn, readonly: false };
}

function spaceOf(...sections: Section[]): AddressSpace {
  const space = new AddressSpace();
  for (const each of sections) space.add(each);
  return space;
}

describe('AddressSpace', () => {
  test('sections are sorted by guest page, whatever the order they came in', () => {
    const space = spaceOf(section(32, 8), section(0, 8), section(16, 8));
    expect(space.sections.map(({ name }) => name)).toEqual(['at-0', 'at-16', 'at-32']);
  });

  test('neighbours that touch are legal', () => {
    expect(spaceOf(section(8, 8), section(0, 8), section(16, 8)).sections).toHaveLength(3);
  });

  test.each([
    { what: 'begins inside', firstGfn: 11, pageCount: 8 },
    { what: 'ends inside', firstGfn: 2, pageCount: 7 },
    { what: 'lies inside', firstGfn: 9, pageCount: 1 },
    { what: 'covers it', firstGfn: 0, pageCount: 30 },
  ])('a section that $what of another is an assertion', ({ firstGfn, pageCount }) => {
    const space = spaceOf(section(8, 4));
    expect(() => space.add(section(firstGfn, pageCount))).toThrow(AssertionFailure);
    expect(space.sections).toHaveLength(1);
  });

  test.each([
    { what: 'without a page', pageCount: 0, firstPage: 0 },
    { what: 'past the end of its block', pageCount: 8, firstPage: 57 },
  ])('a section $what is an assertion', ({ pageCount, firstPage }) => {
    expect(() => spaceOf(section(0, pageCount, firstPage))).toThrow(AssertionFailure);
  });

  test('a section removed leaves a hole, and only its own can be removed', () => {
    const [low, high] = [section(0, 8), section(16, 8)];
    const space = spaceOf(low, high);
    space.remove(low);
    expect(space.firstOverlap(0, 16)).toBeUndefined();
    expect(space.firstOverlap(0, 17)).toBe(high);
    expect(() => space.remove(low)).toThrow(AssertionFailure);
  });

  test('the first overlap is the lowest section that a page-by-page search meets', () => {
    const layout = fc.array(fc.record({ gap: fc.nat(5), pageCount: fc.integer({ min: 1, max: 6 }) }), { maxLength: 6 });
    fc.assert(
      fc.property(layout, fc.nat(70), fc.integer({ min: 1, max: 20 }), (pieces, firstGfn, count) => {
        const space = new AddressSpace();
        const shownBy: (Section | undefined)[] = [];
        for (const { gap, pageCount } of pieces) {
          for (let n = 0; n < gap; n += 1) shownBy.push(undefined);
          const each = section(shownBy.length, pageCount);
          space.add(each);
          for (let n = 0; n < pageCount; n += 1) shownBy.push(each);
        }
        const expected = shownBy.slice(firstGfn, firstGfn + count).find((each) => each !== undefined);
        expect(space.firstOverlap(firstGfn, firstGfn + count)).toBe(expected);
      }),
    );
  });
});

describe('intersectSection', () => {
  test.each([
    { range: [0, 4], part: undefined },
    { range: [0, 8], part: undefined },
    { range: [0, 9], part: [8, 9] },
    { range: [9, 11], part: [9, 11] },
    { range: [11, 99], part: [11, 16] },
    { range: [0, 99], part: [8, 16] },
    { range: [16, 17], part: undefined },
    { range: [12, 12], part: undefined },
  ])('of pages 8 to 15 with $range is $part', ({ range, part }) => {
    const found = intersectSection(section(100, 8, 8), range[0]!, range[1]!);
    expect(found && [found.firstPage, found.endPage]).toEqual(part);
  });
});
