// SPDX-License-Identifier: MIT
/**
 * What one container maps, by position, as the judge last read it from the kernel: after each call about a page, so that
 * every check is a look at two arrays.
 */
import {
  createPageNumbers,
  ExactIdentities,
  ExactMarks,
  type FrameTable,
  type PageNumbers,
  type PageStorage,
} from '@sda-lab/guest-memory';
import { gfnOf, type Layout, type Span } from '../world/layout.ts';
import type { WatchedContainer } from './watched-container.ts';

export class PageTable {
  readonly container: WatchedContainer;
  readonly privatePages: NonNullable<WatchedContainer['privatePages']>;
  /** 1 = a mapping covers the page. */
  readonly mapped: PageNumbers;
  /** The frame the mapping holds; empty where mappings hold none, and each access resolves the page afresh. */
  readonly #pinned: PageNumbers;

  constructor(container: WatchedContainer, positionCount: number, storage: PageStorage = 'exact') {
    this.container = container;
    this.privatePages = container.privatePages ?? 'never';
    this.mapped = createPageNumbers(storage, 'marks', positionCount);
    this.#pinned = createPageNumbers(storage, 'identities', container.pins ? positionCount : 0);
  }

  /** Positions of one span are read again. */
  read(span: Span, first: number, end: number): void {
    const { container, mapped } = this;
    const pinned = this.#pinned;
    if (container.readPages !== undefined && mapped instanceof ExactMarks && pinned instanceof ExactIdentities) {
      container.readPages(gfnOf(span, first), end - first, mapped.values, pinned.values, first);
      return;
    }
    for (let position = first; position < end; ) {
      const gfn = gfnOf(span, position);
      const runEnd = mapped instanceof ExactMarks ? position + 1 : (container.endOfRun?.(gfn, end + span.toGfn) ?? gfn + 1) - span.toGfn;
      const isMapped = container.isMapped(gfn);
      mapped.setRun(position, runEnd, isMapped ? 1 : 0);
      if (container.pins) pinned.setRun(position, runEnd, isMapped ? container.translate(gfn) : 0);
      position = runEnd;
    }
  }

  /** Where positions stop to be mapped alike, and to lead to a run of frames or nowhere; `end` at the latest. */
  endOfRun(span: Span, first: number, end: number): number {
    const { container } = this;
    const sameMark = this.mapped.endOfRun(first, end);
    if (container.pins) return this.#pinned.endOfRun(first, sameMark);
    if (this.mapped.get(first) === 0) return sameMark;
    const gfn = gfnOf(span, first);
    return first + (container.endOfRun?.(gfn, gfn + sameMark - first) ?? gfn + 1) - gfn;
  }

  /** All of `gfns`, ascending, of which each stands at the position of the same index in `positions`. */
  readEach(gfns: readonly number[], positions: readonly number[]): void {
    const { container, mapped } = this;
    const pinned = this.#pinned;
    if (container.readEach !== undefined && mapped instanceof ExactMarks && pinned instanceof ExactIdentities) {
      container.readEach(gfns, mapped.values, pinned.values, positions);
      return;
    }
    for (const [which, gfn] of gfns.entries()) {
      const position = positions[which]!;
      mapped.set(position, container.isMapped(gfn) ? 1 : 0);
      if (container.pins) pinned.set(position, container.translate(gfn));
    }
  }

  /** The frame a device reaches now through the mapping of a page, or 0 while the page behind it is a hole. */
  reached(span: Span, position: number): number {
    return this.container.pins ? this.#pinned.get(position) : this.container.translate(gfnOf(span, position));
  }

  /** The first page of a run that is mapped on its shared side, or -1. */
  firstShared(first: number, end: number, frames: FrameTable): number {
    const { mapped } = this;
    for (let at = mapped.next(1, first, end); at < end; ) {
      const frame = this.privatePages === 'never' ? 0 : this.#pinned.get(at);
      if (!frames.isPrivate(frame)) return at;
      const runEnd = this.#pinned.endOfRun(at, mapped.endOfRun(at, end));
      at = mapped.next(1, at + frames.endOfRun(frame, frame + runEnd - at) - frame, end);
    }
    return -1;
  }

  /** Pages right behind an unmapped range that went as well: type1 takes a mapping that begins in the range whole. */
  countTakenBeyond(layout: Layout, endGfn: number): number {
    for (let gfn = endGfn; ; gfn += 1) {
      const position = layout.positionAt(gfn);
      if (position === -1 || this.mapped.get(position) === 0 || this.container.isMapped(gfn)) return gfn - endGfn;
    }
  }
}
