// SPDX-License-Identifier: MIT
import { type Consumer, ERRNO, type Section, type Side, type Status } from '@sda-lab/guest-memory';

export const MAP_REFUSED: Status = -ERRNO.ENOMEM;
export const UNMAP_REFUSED: Status = -ERRNO.EBUSY;

interface Mapping {
  readonly firstPage: number;
  readonly endPage: number;
}

/**
 * Holds mappings of one section as a kernel does, refuses when told to, and remembers every call that no kernel would
 * have taken: a map over a mapping, an unmap that cuts one, that finds a hole, or that is not exactly one mapping.
 */
export class FakeConsumer implements Consumer {
  readonly name = 'fake';
  readonly sides: Side = 'shared';
  readonly smallestPages: number;
  readonly unmapShape: 'range' | 'exact';
  done = 0;
  readonly calls: string[] = [];
  readonly illegalCalls: string[] = [];
  /** Calls that still pass, granule by granule for maps. */
  passes = { map: Infinity, unmap: Infinity };
  refusedCount = 0;
  #mappings: Mapping[] = [];

  constructor(unmapShape: 'range' | 'exact' = 'range', smallestPages = 1) {
    this.unmapShape = unmapShape;
    this.smallestPages = smallestPages;
  }

  /** Pages held, ascending. */
  get heldPages(): number[] {
    return this.#mappings
      .flatMap(({ firstPage, endPage }) => Array.from({ length: endPage - firstPage }, (_, n) => firstPage + n))
      .toSorted((a, b) => a - b);
  }

  mapRun(section: Section, side: Side, firstPage: number, pageCount: number, granulePages: number): Status {
    const endPage = firstPage + pageCount;
    this.calls.push(`map [${firstPage},${endPage}) by ${granulePages}`);
    this.done = 0;
    this.#check(side === this.sides, 'a map of the wrong side');
    this.#check(firstPage >= section.firstPage && endPage <= section.firstPage + section.pageCount, 'a map outside the section');
    for (let first = firstPage; first < endPage; ) {
      // One mapping for the whole run, or granules that end on multiples of their size.
      const end = granulePages === pageCount ? endPage : Math.min(first - (first % granulePages) + granulePages, endPage);
      if (!this.#passes('map')) return MAP_REFUSED;
      this.#check(!this.#mappings.some((mapping) => overlaps(mapping, first, end)), `a map over a mapping at ${first}`);
      this.#mappings.push({ firstPage: first, endPage: end });
      this.done += 1;
      first = end;
    }
    this.done = 0;
    return 0;
  }

  unmapRun(_section: Section, _side: Side, firstPage: number, pageCount: number): Status {
    const endPage = firstPage + pageCount;
    this.calls.push(`unmap [${firstPage},${endPage})`);
    if (!this.#passes('unmap')) return UNMAP_REFUSED;
    const found = this.#mappings.filter((mapping) => overlaps(mapping, firstPage, endPage));
    const covered = found.reduce((sum, mapping) => sum + mapping.endPage - mapping.firstPage, 0);
    const isInside = found.every((mapping) => mapping.firstPage >= firstPage && mapping.endPage <= endPage);
    this.#check(isInside, `an unmap that cuts a mapping at [${firstPage},${endPage})`);
    this.#check(covered >= pageCount, `an unmap of a hole at [${firstPage},${endPage})`);
    this.#check(this.unmapShape === 'range' || found.length === 1, `an unmap of ${found.length} mappings at ${firstPage}`);
    this.#mappings = this.#mappings.filter((mapping) => !found.includes(mapping));
    return 0;
  }

  takeCalls(): string[] {
    return this.calls.splice(0);
  }

  #passes(kind: 'map' | 'unmap'): boolean {
    if (this.passes[kind] === 0) {
      this.refusedCount += 1;
      return false;
    }
    this.passes[kind] -= 1;
    return true;
  }

  #check(isLegal: boolean, what: string): void {
    if (!isLegal) this.illegalCalls.push(what);
  }
}

function overlaps(mapping: Mapping, firstPage: number, endPage: number): boolean {
  return mapping.firstPage < endPage && firstPage < mapping.endPage;
}
