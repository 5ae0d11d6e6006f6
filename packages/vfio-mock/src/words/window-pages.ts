// SPDX-License-Identifier: MIT
/**
 * The pages of some IOVA windows and what a container maps there, kept up to date as mappings come and go, so that
 * storing a state is copying these flags. Pages mapped anywhere else, or to a host page that is not expected, are counted.
 */
import { assert } from '@sda-lab/guest-memory';
import { CHARGED_TO_USER, type PageRecord, READ, VADDR_INVALID, WRITE } from '../_internals/page-record.ts';
import type { RecordsWatcher } from '../_internals/page-records.ts';
import type { PageWindow } from './page-window.ts';

/** Flags of a mapped page. */
export const MAPPED = 1;
/** A mapping begins here; without, it is the one of the page before. */
export const BEGINS = 2;
/** The rights and whether it is charged, as the flags of a record say it. */
const RECORD_SHIFT = 2;
const RECORD_FLAGS = READ | WRITE | CHARGED_TO_USER;
/** It leads to the private side. */
export const PRIVATE = 32;
/** It shares its pages with a copy, or its address was declared invalid: more than flags can say. */
export const ODD = 64;

export class WindowPages implements RecordsWatcher {
  /** IOVA pages, ascending. */
  readonly iovaPages: readonly number[];
  /** Per page: 0 when nothing maps it, or when it leads to an odd host page. */
  readonly flags: Int32Array;
  /** Mapped pages that are in no window or lead to a host page not expected there. */
  outsideCount = 0;
  /** From IOVA page to the host page expected there; NaN where no mapping of the private side is expected. */
  readonly #shifts: readonly number[];
  readonly #privateShifts: readonly number[];

  constructor(windows: readonly PageWindow[]) {
    const pages = pagesOf(windows);
    this.iovaPages = pages.map(({ iovaPage }) => iovaPage);
    this.flags = new Int32Array(pages.length);
    this.#shifts = pages.map(({ iovaPage, hostPage }) => hostPage - iovaPage);
    this.#privateShifts = pages.map(({ iovaPage, privateHostPage = Number.NaN }) => privateHostPage - iovaPage);
  }

  inserted(record: PageRecord): void {
    this.#change(record, 1);
  }

  removed(record: PageRecord): void {
    this.#change(record, -1);
  }

  /** The page a mapping of this page leads to, on the side its flags name. */
  hostOf(which: number, flags: number): number {
    return this.iovaPages[which]! + ((flags & PRIVATE) === 0 ? this.#shifts[which]! : this.#privateShifts[which]!);
  }

  isOutside(page: number, host: number): boolean {
    const which = this.iovaPages.indexOf(page);
    return which === -1 || (host - page !== this.#shifts[which] && host - page !== this.#privateShifts[which]);
  }

  #change(record: PageRecord, sign: 1 | -1): void {
    const { first, count, host } = record;
    const { iovaPages } = this;
    let which = 0;
    for (let offset = 0; offset < count; offset += 1) {
      while (which < iovaPages.length && iovaPages[which]! < first + offset) which += 1;
      const isHere = which < iovaPages.length && iovaPages[which] === first + offset;
      const isShared = isHere && host - first === this.#shifts[which];
      if (isShared || (isHere && host - first === this.#privateShifts[which])) {
        this.flags[which] = sign === -1 ? 0 : flagsOf(record, offset) | (isShared ? 0 : PRIVATE);
      } else {
        this.outsideCount += sign;
      }
    }
  }
}

/** Flags of a page of a record, but for the side. */
export function flagsOf({ flags, granule, shared }: PageRecord, offset: number): number {
  const isBegin = granule === 1 || offset % granule === 0;
  const isOdd = (flags & VADDR_INVALID) !== 0 || shared !== undefined;
  return MAPPED | (isBegin ? BEGINS : 0) | ((flags & RECORD_FLAGS) << RECORD_SHIFT) | (isOdd ? ODD : 0);
}

/** Flags of the record that such a page is of. */
export function recordFlagsOf(flags: number): number {
  return (flags >>> RECORD_SHIFT) & RECORD_FLAGS;
}

/** One window per page, ascending. */
function pagesOf(windows: readonly PageWindow[]): PageWindow[] {
  const pages = windows.flatMap(({ iovaPage, pageCount, hostPage, privateHostPage }) =>
    Array.from({ length: pageCount }, (_, at) => ({
      iovaPage: iovaPage + at,
      pageCount: 1,
      hostPage: hostPage + at,
      ...(privateHostPage !== undefined && { privateHostPage: privateHostPage + at }),
    })),
  );
  pages.sort((one, other) => one.iovaPage - other.iovaPage);
  const isTwice = pages.some(({ iovaPage }, at) => at > 0 && pages[at - 1]!.iovaPage === iovaPage);
  assert(!isTwice, 'windows do not overlap');
  return pages;
}
