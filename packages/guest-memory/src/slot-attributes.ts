// SPDX-License-Identifier: MIT
/**
 * KVM memory attributes by guest page number, kept for the guest pages that sections show or once showed: 1 = private.
 * KVM keeps them for all guest pages; those of pages that no section ever showed nobody can ask for, and a section that
 * comes sets its own. A few windows instead of one bitmap over the address space: guests are sparse.
 */
import { Bitmap } from '@sda-lab/core-bitmap';
import type { GfnRange } from './gfn-range.ts';

interface SlotWindow extends GfnRange {
  readonly bits: Bitmap;
}

export class SlotAttributes {
  /** Never overlapping. */
  #windows: readonly SlotWindow[] = [];
  /** The one asked last: walks over pages stay in a window. */
  #last: SlotWindow | undefined = undefined;

  /**
   * The bits of a slot's guest pages, by distance from the first one; all shared when nobody has asked for them before. A
   * slot that lies across earlier ones takes their place.
   */
  of({ firstGfn, endGfn }: GfnRange): Bitmap {
    const known = this.#windows.find((window) => window.firstGfn === firstGfn && window.endGfn === endGfn);
    if (known !== undefined) return known.bits;
    const bits = new Bitmap(endGfn - firstGfn);
    const others = this.#windows.filter((window) => window.endGfn <= firstGfn || endGfn <= window.firstGfn);
    this.#windows = [...others, { firstGfn, endGfn, bits }];
    this.#last = undefined;
    return bits;
  }

  isPrivate(gfn: number): boolean {
    const last = this.#last;
    if (last !== undefined && gfn >= last.firstGfn && gfn < last.endGfn) return last.bits.test(gfn - last.firstGfn);
    for (const window of this.#windows) {
      if (gfn < window.firstGfn || gfn >= window.endGfn) continue;
      this.#last = window;
      return window.bits.test(gfn - window.firstGfn);
    }
    return false;
  }

  /** Where guest pages stop to be on one side, from the first one on; `endGfn` at the latest, and it may be earlier. */
  endOfRun(firstGfn: number, endGfn: number): number {
    for (const window of this.#windows) {
      if (firstGfn < window.firstGfn || firstGfn >= window.endGfn) continue;
      const first = firstGfn - window.firstGfn;
      const end = Math.min(endGfn, window.endGfn) - window.firstGfn;
      const { bits } = window;
      return window.firstGfn + (bits.test(first) ? bits.nextClear(first, end) : bits.nextSet(first, end));
    }
    // Of pages that no section showed each is asked for alone.
    return firstGfn + 1;
  }

  assign(firstGfn: number, endGfn: number, isPrivate: boolean): void {
    for (const window of this.#windows) {
      const first = Math.max(firstGfn, window.firstGfn);
      const end = Math.min(endGfn, window.endGfn);
      if (first < end) window.bits.assign(first - window.firstGfn, end - window.firstGfn, isPrivate);
    }
  }
}
