// SPDX-License-Identifier: MIT
import type { FrameTable } from './frame-table.ts';

/**
 * The process memory a kernel pins from: one page of it at a time, by host page number (virtual address / 4096, below
 * 2^52, so any 64-bit address has one). A guest's RAM is one implementation, the memory of a recording another.
 */
export interface UserMemory {
  readonly frames: FrameTable;
  /**
   * The frame behind a host page, faulted in as a long-term pin does (a hole is populated when `write`, and for shared
   * memory also when not). Takes one pin. Returns the frame, at least 1, or -EFAULT; nothing is pinned then.
   */
  pinPage(hostPage: number, write: boolean): number;
  /**
   * The same for pages one behind the other, up to the first that is refused; answers how many were pinned. Told of the
   * frames in ascending order: from page `index` on, `count` frames of consecutive identity. Asked where it is there.
   */
  pinPages?(hostPage: number, pageCount: number, write: boolean, tell: (index: number, count: number, frame: number) => void): number;
  /** Where `peekPage` stops to answer 0 over and over, or frames of consecutive identity; it may be earlier. */
  endOfPeek?(hostPage: number, endHostPage: number): number;
  /** The frame a CPU access finds now, or 0 while the page is a hole or not there; pins and populates nothing. */
  peekPage(hostPage: number): number;
}
