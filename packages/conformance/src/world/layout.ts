// SPDX-License-Identifier: MIT
/**
 * Where a world's pages lie: x86-like, with low RAM below the MSI window, firmware and a ROM below 4 GiB, the rest of
 * RAM at 4 GiB (two aliases of one block), and one section per virtio-mem device or memslot above. Block sizes are
 * scaled down with the world.
 *
 * A position is a guest page an operation can name: boot RAM in block order, then firmware, then each device's pages.
 * ROM pages come after all positions.
 */
import { assert, type RamBlock, type Section } from '@sda-lab/guest-memory';

/** Consecutive positions that one section shows. */
export interface Span {
  readonly section: Section;
  readonly firstPosition: number;
  readonly endPosition: number;
  /** From a position to its guest page, and to its page of the block: both run as positions do. */
  readonly toGfn: number;
  readonly toPage: number;
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
  /** The one asked for last: whoever walks over positions stays in a span. */
  #last: Span;

  constructor(spans: readonly Span[]) {
    assert(spans.length > 0, 'a guest has pages');
    const isApart = (one: Span, at: number): boolean => !spans.slice(at + 1).some((other) => shareSomething(one, other));
    assert(spans.every(isApart), 'spans share no page');
    this.spans = spans;
    this.#last = spans[0]!;
    this.totalCount = spans.reduce((sum, { section }) => sum + section.pageCount, 0);
    this.positionCount = spans.reduce((sum, { section, isRom }) => sum + (isRom ? 0 : section.pageCount), 0);
  }

  spanAt(position: number): Span {
    const last = this.#last;
    return position >= last.firstPosition && position < last.endPosition ? last : this.#find(position);
  }

  #find(position: number): Span {
    for (const span of this.spans) {
      if (position < span.firstPosition || position >= span.endPosition) continue;
      this.#last = span;
      return span;
    }
    assert(false, 'a position lies in a span');
  }

  /** The span that shows all of the guest pages, and so no other does any of them; undefined when there is none. */
  spanOfGfns(firstGfn: number, endGfn: number): Span | undefined {
    const last = this.#last;
    if (firstGfn - last.toGfn >= last.firstPosition && endGfn - last.toGfn <= last.endPosition) return last;
    for (const span of this.spans) {
      if (firstGfn - span.toGfn < span.firstPosition || endGfn - span.toGfn > span.endPosition) continue;
      this.#last = span;
      return span;
    }
    return undefined;
  }

  /** The same for pages of a block. */
  spanOfPages(block: RamBlock, firstPage: number, endPage: number): Span | undefined {
    const last = this.#last;
    if (hasPages(last, block, firstPage, endPage)) return last;
    for (const span of this.spans) {
      if (!hasPages(span, block, firstPage, endPage)) continue;
      this.#last = span;
      return span;
    }
    return undefined;
  }

  /** The position that shows a guest page, or -1. */
  positionAt(gfn: number): number {
    for (const { firstPosition, endPosition, toGfn } of this.spans) {
      const position = gfn - toGfn;
      if (position >= firstPosition && position < endPosition) return position;
    }
    return -1;
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
    firstPosition: number,
    endPosition: number,
    isShown: (section: Section) => boolean,
  ): { first: number; end: number }[] {
    const runs: { first: number; end: number }[] = [];
    let nextGfn = -1;
    for (let first = firstPosition; first < endPosition; ) {
      const span = this.spanAt(first);
      const end = endOfRun(span, endPosition);
      if (isShown(span.section)) {
        const firstGfn = gfnOf(span, first);
        if (firstGfn === nextGfn) runs[runs.length - 1]!.end = end;
        else runs.push({ first, end });
        nextGfn = firstGfn + end - first;
      }
      first = end;
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
      const first = firstOfGfns(span, firstGfn);
      const end = endOfGfns(span, endGfn);
      if (first < end) emit(span, first, end);
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
      if (span.section.block !== block) continue;
      const first = firstOfPages(span, firstPage);
      const end = endOfPages(span, endPage);
      if (first < end) emit(span, first, end);
    }
  }
}

export function gfnOf(span: Span, position: number): number {
  return position + span.toGfn;
}

export function blockPageOf(span: Span, position: number): number {
  return position + span.toPage;
}

/** Where a run of positions that begins in the span leaves it, or ends. */
export function endOfRun({ endPosition }: Span, end: number): number {
  return Math.min(end, endPosition);
}

/** The half-open run of positions a section shows. */
export function positionsOf({ firstPosition, endPosition }: Span): { first: number; end: number } {
  return { first: firstPosition, end: endPosition };
}

/**
 * Where the positions begin that a span shows of guest pages from `firstGfn` on; with `endOfGfns` the run of them, empty
 * when it ends no later than it begins. For hot loops; `Layout.forEachRunOfGfns` is the same as a call.
 */
export function firstOfGfns({ firstPosition, toGfn }: Span, firstGfn: number): number {
  return Math.max(firstPosition, firstGfn - toGfn);
}

export function endOfGfns({ endPosition, toGfn }: Span, endGfn: number): number {
  return Math.min(endPosition, endGfn - toGfn);
}

/** The same for pages of the span's block. */
export function firstOfPages({ firstPosition, toPage }: Span, firstPage: number): number {
  return Math.max(firstPosition, firstPage - toPage);
}

export function endOfPages({ endPosition, toPage }: Span, endPage: number): number {
  return Math.min(endPosition, endPage - toPage);
}

function hasPages(span: Span, block: RamBlock, firstPage: number, endPage: number): boolean {
  const { section, firstPosition, endPosition, toPage } = span;
  return section.block === block && firstPage - toPage >= firstPosition && endPage - toPage <= endPosition;
}

/** Guest pages or pages of a block. */
function shareSomething(one: Span, other: Span): boolean {
  const { firstGfn, firstPage, pageCount, block } = other.section;
  const sharesGfns = firstOfGfns(one, firstGfn) < endOfGfns(one, firstGfn + pageCount);
  const sharesPages = one.section.block === block && firstOfPages(one, firstPage) < endOfPages(one, firstPage + pageCount);
  return sharesGfns || sharesPages;
}
