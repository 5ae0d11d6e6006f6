// SPDX-License-Identifier: MIT
/** The checks of a map call over a run of granules: which granule each one refuses first, and who is asked first. */
import { type Status, ERRNO } from '@sda-lab/guest-memory';
import type { BackendTraits, MapCheck } from '../backend-traits.ts';
import { type Geometry, PAGE, PAGES_END, smallestPage } from '../geometry.ts';
import type { PageRecords } from './page-records.ts';

export interface PageRun {
  readonly iovaPage: number;
  readonly hostPage: number;
  readonly pageCount: number;
  readonly granulePages: number;
}

interface PageRange {
  readonly first: number;
  readonly end: number;
}

export class PageChecks {
  readonly endPage: number = PAGES_END;
  readonly ranges: readonly PageRange[];
  readonly #traits: BackendTraits;
  readonly #records: PageRecords;
  readonly #smallestPages: number;
  #status: Status = 0;

  constructor(traits: BackendTraits, geometry: Geometry, records: PageRecords) {
    this.#traits = traits;
    this.#records = records;
    this.#smallestPages = Math.max(1, Number(smallestPage(geometry) / PAGE));
    this.ranges = geometry.ranges.map(({ start, last }) => ({
      first: Number((start + PAGE - 1n) / PAGE),
      end: Number((last + 1n) / PAGE),
    }));
  }

  isAligned(first: number, count: number): boolean {
    return first % this.#smallestPages === 0 && count % this.#smallestPages === 0;
  }

  /** The range that holds [first, end) whole. */
  rangeOf(first: number, end: number): PageRange | undefined {
    for (const range of this.ranges) if (first >= range.first && end <= range.end) return range;
    return undefined;
  }

  /** The first granule that some check refuses, Infinity when none does; `status` says what is answered. */
  firstRefusal(run: PageRun, entriesAvailable: number): number {
    return this.#isFine(run, entriesAvailable) ? Infinity : this.#lookCloser(run, entriesAvailable);
  }

  /** What the last `firstRefusal` below Infinity is answered with. */
  get status(): Status {
    return this.#status;
  }

  /** Every check in one go, for the many runs that none of them refuses. */
  #isFine({ iovaPage, hostPage, pageCount, granulePages }: PageRun, entriesAvailable: number): boolean {
    const end = iovaPage + pageCount;
    if (this.rangeOf(iovaPage, end) === undefined || end > this.endPage) return false;
    if (this.#records.nextMapped(iovaPage, end) < end) return false;
    const isSingle = pageCount === granulePages;
    if (entriesAvailable < (isSingle ? 1 : Math.ceil(pageCount / granulePages))) return false;
    if (this.#smallestPages === 1) return true;
    return isSingle && this.isAligned(iovaPage, pageCount) && this.isAligned(hostPage, pageCount);
  }

  #lookCloser(run: PageRun, entriesAvailable: number): number {
    const past = run.iovaPage + run.pageCount - this.endPage;
    let refused = Infinity;
    if (past > 0) {
      refused = granuleOf(run, this.endPage);
      this.#status = -ERRNO.EOVERFLOW;
    }
    for (const check of this.#traits.mapOrder) {
      const granule = this.#firstRefusedBy(check, run, entriesAvailable);
      if (granule >= refused) continue;
      refused = granule;
      this.#status = this.#traits.mapStatus[check];
    }
    return refused;
  }

  #firstRefusedBy(check: MapCheck, run: PageRun, entriesAvailable: number): number {
    const end = run.iovaPage + run.pageCount;
    switch (check) {
      case 'alignment':
        return this.#firstMisaligned(run);
      case 'overlap': {
        const mapped = this.#records.nextMapped(run.iovaPage, end);
        return mapped < end ? granuleOf(run, mapped) : Infinity;
      }
      case 'limit':
        return entriesAvailable < Math.ceil(run.pageCount / run.granulePages)
          ? entriesAvailable
          : Infinity;
      case 'range': {
        const range = this.ranges.find(({ first, end: last }) => run.iovaPage >= first && run.iovaPage < last);
        if (range === undefined) return 0;
        return end > range.end ? granuleOf(run, range.end) : Infinity;
      }
    }
  }

  #firstMisaligned(run: PageRun): number {
    const granule = Math.min(run.granulePages, run.pageCount);
    if (!this.isAligned(run.iovaPage, granule) || !this.isAligned(run.hostPage, granule)) return 0;
    const tail = run.pageCount % run.granulePages;
    return this.isAligned(0, tail) ? Infinity : Math.floor(run.pageCount / run.granulePages);
  }
}

function granuleOf(run: PageRun, page: number): number {
  return Math.floor((page - run.iovaPage) / run.granulePages);
}
