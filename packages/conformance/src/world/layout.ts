// SPDX-License-Identifier: MIT
/**
 * Where a world's pages lie: x86-like, with low RAM below the MSI window, firmware and a ROM below 4 GiB, the rest of
 * RAM at 4 GiB (two aliases of one block), and one section per virtio-mem device or memslot above. Block sizes are
 * scaled down with the world.
 *
 * A position is a guest page an operation can name: boot RAM in block order, then firmware, then each device's pages.
 * ROM pages come after all positions.
 */
import type { RamBlock, Section } from '@sda-lab/guest-memory';

/** Consecutive positions that one section shows. */
export interface Span {
  readonly section: Section;
  readonly firstPosition: number;
  readonly isRom: boolean;
  /** Index of the virtio-mem device, or -1. */
  readonly deviceIndex: number;
  /** Index of the dynamic memslot it is, or -1. The section of a memslot comes and goes. */
  readonly memslotIndex: number;
}

export class Layout {
  readonly spans: readonly Span[];
  /** Positions that operations can name. */
  readonly positionCount: number;
  /** Those and the ROM's pages. */
  readonly totalCount: number;

  constructor(spans: readonly Span[]) {
    this.spans = spans;
    this.totalCount = spans.reduce((sum, { section }) => sum + section.pageCount, 0);
    this.positionCount = spans.reduce((sum, { section, isRom }) => sum + (isRom ? 0 : section.pageCount), 0);
  }

  spanAt(position: number): Span {
    return this.spans.find(
      ({ section, firstPosition }) => position >= firstPosition && position < firstPosition + section.pageCount,
    )!;
  }

  /** A run of positions cut where sections end. */
  runsOfSections(run: { readonly first: number; readonly end: number }): { first: number; end: number }[] {
    const runs: { first: number; end: number }[] = [];
    for (let first = run.first; first < run.end; ) {
      const end = Math.min(run.end, positionsOf(this.spanAt(first)).end);
      runs.push({ first, end });
      first = end;
    }
    return runs;
  }

  /** What is shown of a run, cut where guest physical addresses are not consecutive; memslots adjoin. */
  consecutiveRuns(
    run: { readonly first: number; readonly end: number },
    isShown: (section: Section) => boolean,
  ): { first: number; end: number }[] {
    const runs: { first: number; end: number }[] = [];
    let nextGfn = -1;
    for (const { first, end } of this.runsOfSections(run)) {
      const span = this.spanAt(first);
      if (!isShown(span.section)) continue;
      const firstGfn = gfnOf(span, first);
      if (firstGfn === nextGfn) runs.at(-1)!.end = end;
      else runs.push({ first, end });
      nextGfn = firstGfn + end - first;
    }
    return runs;
  }

  /** Calls `emit` with each run of positions that [firstGfn, endGfn) shows; guest pages nothing shows are skipped. */
  forEachRunOfGfns(
    firstGfn: number,
    endGfn: number,
    emit: (span: Span, firstPosition: number, endPosition: number) => void,
  ): void {
    for (const span of this.spans) {
      const { section } = span;
      const first = Math.max(firstGfn, section.firstGfn);
      const end = Math.min(endGfn, section.firstGfn + section.pageCount);
      const shift = span.firstPosition - section.firstGfn;
      if (first < end) emit(span, first + shift, end + shift);
    }
  }

  /** The same for pages of a block. */
  forEachRunOfBlock(
    block: RamBlock,
    firstPage: number,
    endPage: number,
    emit: (span: Span, firstPosition: number, endPosition: number) => void,
  ): void {
    for (const span of this.spans) {
      const { section } = span;
      if (section.block !== block) continue;
      const first = Math.max(firstPage, section.firstPage);
      const end = Math.min(endPage, section.firstPage + section.pageCount);
      const shift = span.firstPosition - section.firstPage;
      if (first < end) emit(span, first + shift, end + shift);
    }
  }
}

export function gfnOf(span: Span, position: number): number {
  return span.section.firstGfn + position - span.firstPosition;
}

export function blockPageOf(span: Span, position: number): number {
  return span.section.firstPage + position - span.firstPosition;
}

/** The half-open run of positions a section shows. */
export function positionsOf({ firstPosition, section }: Span): { first: number; end: number } {
  return { first: firstPosition, end: firstPosition + section.pageCount };
}
