// SPDX-License-Identifier: MIT
/**
 * A number per page, from 0 on: marks of pages (pending, mapped), or identities of frames. Two forms with the same
 * answers: exact, an entry for each page; and by runs, for guests whose pages mostly do as their neighbours do.
 *
 * A run of marks is one mark over and over. A run of identities is either "no frame" (0) over and over, or frames of
 * consecutive identity: what tells one frame from another is kept whole, it only takes fewer numbers to say.
 */
import { ExactIdentities } from './exact-identities.ts';
import { ExactMarks } from './exact-marks.ts';
import { LEAF_PAGES, RunNumbers } from './run-numbers.ts';

/** How what is known per page is stored; the answers are the same. */
export type PageStorage = 'exact' | 'run-length' | SmallLeaves;

/** Run-length with leaves of another size (a power of two), so that tests see leaves split and merge in small guests. */
export interface SmallLeaves {
  readonly leafPages: number;
}

export interface PageNumbers {
  get(page: number): number;
  set(page: number, value: number): void;
  /** The half-open run from `value` on: all the same for marks and for 0, else each page one more than the page before. */
  setRun(firstPage: number, endPage: number, value: number): void;
  /**
   * Where a run that begins at the page ends, at `endPage` at the latest. It may go on behind that: an exact form
   * answers the next page, and a run ends with its leaf.
   */
  endOfRun(page: number, endPage: number): number;
  /** The first page of a run that holds just this number, or `endPage`. */
  next(value: number, firstPage: number, endPage: number): number;
}

/** What the numbers are, which decides what a run of them is. */
export type NumberKind = 'marks' | 'identities';

export function createPageNumbers(storage: PageStorage, kind: NumberKind, pageCount: number): PageNumbers {
  if (storage !== 'exact') return new RunNumbers(kind, pageCount, leafPagesOf(storage));
  return kind === 'marks' ? new ExactMarks(pageCount) : new ExactIdentities(new Int32Array(pageCount));
}

export function leafPagesOf(storage: PageStorage): number {
  return typeof storage === 'string' ? LEAF_PAGES : storage.leafPages;
}
