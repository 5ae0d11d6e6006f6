// SPDX-License-Identifier: MIT
import type { Instance, Section, Side, Status, View } from '@sda-lab/guest-memory';
import type { Layout, Span } from '../layout.ts';

/** A run a design shows, as positions; where it lies outside what was asked for it is cut. */
export interface ShownRun {
  readonly span: Span;
  readonly first: number;
  readonly end: number;
  readonly side: Side;
  /** Guest page number the design hands out with the run's first page. */
  readonly firstGfn: number;
}

/** Spans a guest has, by guest address: not the ROM, which no design manages, nor a device the design refused. */
export function guestSpans(layout: Layout, absent: readonly Section[]): Span[] {
  return layout.spans
    .filter(({ isRom, section }) => !isRom && !absent.includes(section))
    .toSorted((a, b) => a.section.firstGfn - b.section.firstGfn);
}

/** What a design shows of the positions [first, end) of one span, in its own order. */
export function forEachShown(
  instance: Pick<Instance, 'runs'>,
  span: Span,
  view: View,
  { first, end }: { first: number; end: number },
  emit: (run: ShownRun) => Status,
): Status {
  const { section, firstPosition } = span;
  const shift = firstPosition - section.firstPage;
  return instance.runs(section.block, view, first - shift, end - shift, (firstPage, endPage, side, firstGfn) => {
    const from = Math.max(firstPage + shift, first);
    const to = Math.min(endPage + shift, end);
    if (from >= to) return 0;
    const given = firstGfn ?? section.firstGfn + firstPage - section.firstPage;
    return emit({ span, first: from, end: to, side, firstGfn: given + from - shift - firstPage });
  });
}
