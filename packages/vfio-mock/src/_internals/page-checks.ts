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

export interface Refusal {
  /** Infinity when no check refuses. */
  readonly granule: number;
  readonly status: Status;
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
    return this.ranges.find((range) => first >= range.first && end <= range.end);
  }

  firstRefusal(run: PageRun, entriesAvailable: number): Refusal {
    const past = run.iovaPage + run.pageCount - this.endPage;
    let refusal: Refusal = { granule: Infinity, status: 0 };
    if (past > 0) {
      refusal = { granule: granuleOf(run, this.endPage), status: -ERRNO.EOVERFLOW };
    }
    for (const check of this.#traits.mapOrder) {
      const granule = this.#firstRefusedBy(check, run, entriesAvailable);
      if (granule < refusal.granule) refusal = { granule, status: this.#traits.mapStatus[check] };
    }
    return refusal;
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
