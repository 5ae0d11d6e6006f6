// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_WORLD_PAGES, positionCount, type WorldInput, worldSpec } from '../src/index.ts';
import { buildLayout } from '../src/world/build-layout.ts';
import { blockPageOf, gfnOf, type Layout } from '../src/world/layout.ts';
import { settings } from './support/settings.ts';

const MIB_PAGES = 256;
const FOUR_GIB_GFN = 0x100000;
const MSI_WINDOW = [0xfee00, 0xfef00] as const;

function layoutOf(input: WorldInput): Layout {
  return buildLayout(worldSpec(input)).layout;
}

/** Name, first guest page, pages, of each section in the order of positions. */
function sectionsOf(layout: Layout): [string, number, number][] {
  return layout.spans.map(({ section: { name, firstGfn, pageCount } }) => [name, firstGfn, pageCount]);
}

describe('the layout', () => {
  test('boot RAM is one block shown by two aliases, below and at 4 GiB', () => {
    const { memory, layout } = buildLayout(worldSpec());
    expect(sectionsOf(layout)).toEqual([
      ['ram-below-4g', 0, 4],
      ['ram-above-4g', FOUR_GIB_GFN, 4],
      ['rom', FOUR_GIB_GFN - 1, 1],
    ]);
    const [low, high, rom] = layout.spans.map(({ section }) => section);
    expect(low!.block).toBe(high!.block);
    expect([low!.firstPage, high!.firstPage]).toEqual([0, 4]);
    expect(memory.blocks.map(({ name, pageCount, hasGuestMemfd }) => [name, pageCount, hasGuestMemfd])).toEqual([
      ['ram', 8, true],
      ['rom', 1, false],
    ]);
    expect([low!.readonly, high!.readonly, rom!.readonly]).toEqual([false, false, true]);
  });

  test('a guest of one page has one section of RAM', () => {
    expect(sectionsOf(layoutOf({ pages: 1 }))).toEqual([
      ['ram-below-4g', 0, 1],
      ['rom', FOUR_GIB_GFN - 1, 1],
    ]);
  });

  test('at most 2 GiB lie below 4 GiB', () => {
    const { spans } = layoutOf({ pages: MAX_WORLD_PAGES });
    expect(spans[0]!.section.pageCount).toBe(0x80000);
    expect(spans[1]!.section).toMatchObject({ firstPage: 0x80000, firstGfn: FOUR_GIB_GFN, pageCount: MAX_WORLD_PAGES - 0x80000 });
  });

  test('nothing lies in the MSI window', () => {
    const { spans } = layoutOf({ pages: MAX_WORLD_PAGES });
    const inside = spans.filter(
      ({ section }) => section.firstGfn < MSI_WINDOW[1] && section.firstGfn + section.pageCount > MSI_WINDOW[0],
    );
    expect(inside.map(({ section }) => section.name)).toEqual([]);
  });

  test('device regions start at multiples of 1 GiB above RAM, and never adjoin', () => {
    const layout = layoutOf({ pages: 8, vmem: [{ blockCount: 2, blockPages: 4 }, { blockCount: 1, blockPages: MIB_PAGES }] });
    expect(sectionsOf(layout).slice(2, 4)).toEqual([
      ['m0', 0x140000, 8],
      ['m1', 0x180000, MIB_PAGES],
    ]);
    expect(layout.spans.map(({ deviceIndex }) => deviceIndex)).toEqual([-1, -1, 0, 1, -1]);
  });

  test('a region of whole GiB is followed by a gap of one', () => {
    const gib = 0x40000;
    const layout = layoutOf({ pages: 2, vmem: [{ blockCount: 1, blockPages: gib }, { blockCount: 1, blockPages: 1 }] });
    expect(sectionsOf(layout).slice(2, 4)).toEqual([
      ['m0', 0x140000, gib],
      ['m1', 0x1c0000, 1],
    ]);
  });
});

describe('positions', () => {
  const anyInput: fc.Arbitrary<WorldInput> = fc.record({
    pages: fc.integer({ min: 1, max: 40 }),
    vmem: fc.array(fc.record({ blockCount: fc.integer({ min: 1, max: 4 }), blockPages: fc.constantFrom(1, 2, 4, 8) }), { maxLength: 3 }),
  });

  test('count boot RAM, then the devices; the ROM follows and cannot be named', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const layout = layoutOf(input);
        expect(layout.positionCount).toBe(positionCount(worldSpec(input)));
        expect(layout.totalCount).toBe(layout.positionCount + 1);
        expect(layout.spanAt(layout.positionCount).isRom).toBe(true);
      }),
      settings(200),
    );
  });

  test('each is one guest page of one section, and the walk over guest pages finds it again', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const layout = layoutOf(input);
        const seen = new Set<number>();
        for (let position = 0; position < layout.totalCount; position += 1) {
          const span = layout.spanAt(position);
          const gfn = gfnOf(span, position);
          seen.add(gfn);
          const found: number[] = [];
          layout.forEachRunOfGfns(gfn, gfn + 1, (_span, first, end) => found.push(first, end));
          expect(found).toEqual([position, position + 1]);
          const ofBlock: number[] = [];
          const page = blockPageOf(span, position);
          layout.forEachRunOfBlock(span.section.block, page, page + 1, (_span, first, end) => ofBlock.push(first, end));
          expect(ofBlock).toEqual([position, position + 1]);
        }
        expect(seen.size).toBe(layout.totalCount);
      }),
      settings(100),
    );
  });

  test('the span of a run is the one that shows all of it, whoever was asked for before', () => {
    const anyRun = fc.record({ first: fc.nat(60), length: fc.integer({ min: 1, max: 12 }) });
    fc.assert(
      fc.property(anyInput, fc.array(anyRun, { maxLength: 20 }), (input, list) => {
        const layout = layoutOf(input);
        for (const { first, length } of list) {
          for (const { section } of layout.spans) {
            const gfn = section.firstGfn + first - 5;
            const page = section.firstPage + first - 5;
            const ofGfns: unknown[] = [];
            layout.forEachRunOfGfns(gfn, gfn + length, (span, from, end) => ofGfns.push(end - from === length ? span : undefined));
            expect(layout.spanOfGfns(gfn, gfn + length)).toBe(ofGfns[0]);
            const ofPages: unknown[] = [];
            layout.forEachRunOfBlock(section.block, page, page + length, (span, from, end) => ofPages.push(end - from === length ? span : undefined));
            expect(layout.spanOfPages(section.block, page, page + length)).toBe(ofPages[0]);
            const position = layout.positionAt(gfn);
            const shown = position === -1 ? gfn : gfnOf(layout.spanAt(position), position);
            expect(shown).toBe(gfn);
          }
        }
      }),
      settings(100),
    );
  });

  test('guest pages that nothing shows are skipped', () => {
    const found: number[] = [];
    layoutOf({ pages: 8 }).forEachRunOfGfns(2, FOUR_GIB_GFN + 1, (_span, first, end) => found.push(first, end));
    expect(found).toEqual([2, 4, 4, 5, 8, 9]);
  });
});
