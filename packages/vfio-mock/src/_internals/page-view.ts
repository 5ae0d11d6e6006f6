// SPDX-License-Identifier: MIT
import type { Extent, MappingView } from '../unmap-rules.ts';
import { mappingEnd, mappingFirst } from './page-record.ts';
import type { PageRecords } from './page-records.ts';

/** Mappings of a page container as the unmap rules see them. */
export class PageView implements MappingView<number> {
  readonly #records: PageRecords;

  constructor(records: PageRecords) {
    this.#records = records;
  }

  holding(at: number): Extent<number> | undefined {
    const record = this.#records.at(at);
    if (record === undefined) return undefined;
    return { first: mappingFirst(record, at), end: mappingEnd(record, at) };
  }

  lastBeginningIn(first: number, end: number): Extent<number> | undefined {
    const inside = this.holding(end - 1);
    if (inside !== undefined) return inside.first >= first ? inside : undefined;
    const before = this.#records.upTo(end - 1);
    if (before === undefined) return undefined;
    const last = before.first + before.count;
    return last - before.granule >= first ? { first: last - before.granule, end: last } : undefined;
  }

  before(at: number): number {
    return at - 1;
  }
}
