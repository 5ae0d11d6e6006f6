// SPDX-License-Identifier: MIT
/**
 * What one container maps, by position, as the judge last read it from the kernel: after each call about a page, so that
 * every check is a look at two arrays.
 */
import type { FrameTable } from '@sda-lab/guest-memory';
import { gfnOf, type Layout, type Span } from '../world/layout.ts';
import type { WatchedContainer } from './watched-container.ts';

/** Up to here a loop is faster than the engine's own search. */
const SHORT = 32;

export class PageTable {
  readonly container: WatchedContainer;
  readonly privatePages: NonNullable<WatchedContainer['privatePages']>;
  /** 1 = a mapping covers the page. */
  readonly mapped: Uint8Array;
  /** The frame the mapping holds; empty where mappings hold none, and each access resolves the page afresh. */
  readonly #pinned: Int32Array;

  constructor(container: WatchedContainer, positionCount: number) {
    this.container = container;
    this.privatePages = container.privatePages ?? 'never';
    this.mapped = new Uint8Array(positionCount);
    this.#pinned = new Int32Array(container.pins ? positionCount : 0);
  }

  /** Positions of one span are read again. */
  read(span: Span, first: number, end: number): void {
    const { container, mapped } = this;
    if (container.readPages !== undefined) {
      container.readPages(gfnOf(span, first), end - first, mapped, this.#pinned, first);
      return;
    }
    for (let position = first; position < end; position += 1) {
      const gfn = gfnOf(span, position);
      mapped[position] = container.isMapped(gfn) ? 1 : 0;
      if (container.pins) this.#pinned[position] = container.translate(gfn);
    }
  }

  /** All of `gfns`, ascending, of which each stands at the position of the same index in `positions`. */
  readEach(gfns: readonly number[], positions: readonly number[]): void {
    const { container, mapped } = this;
    if (container.readEach !== undefined) {
      container.readEach(gfns, mapped, this.#pinned, positions);
      return;
    }
    for (const [which, gfn] of gfns.entries()) {
      const position = positions[which]!;
      mapped[position] = container.isMapped(gfn) ? 1 : 0;
      if (container.pins) this.#pinned[position] = container.translate(gfn);
    }
  }

  /** The frame a device reaches now through the mapping of a page, or 0 while the page behind it is a hole. */
  reached(span: Span, position: number): number {
    return this.container.pins ? this.#pinned[position]! : this.container.translate(gfnOf(span, position));
  }

  /** The first page of a run that is mapped on its shared side, or -1. */
  firstShared(first: number, end: number, frames: FrameTable): number {
    for (let at = this.#firstMapped(first, end); at !== -1; at = this.#firstMapped(at + 1, end)) {
      if (this.privatePages === 'never' || !frames.isPrivate(this.#pinned[at]!)) return at;
    }
    return -1;
  }

  /** Pages right behind an unmapped range that went as well: type1 takes a mapping that begins in the range whole. */
  countTakenBeyond(layout: Layout, endGfn: number): number {
    for (let gfn = endGfn; ; gfn += 1) {
      const position = layout.positionAt(gfn);
      if (position === -1 || this.mapped[position] === 0 || this.container.isMapped(gfn)) return gfn - endGfn;
    }
  }

  #firstMapped(first: number, end: number): number {
    if (end - first > SHORT) {
      const at = this.mapped.subarray(first, end).indexOf(1);
      return at === -1 ? -1 : first + at;
    }
    for (let at = first; at < end; at += 1) if (this.mapped[at] === 1) return at;
    return -1;
  }
}
