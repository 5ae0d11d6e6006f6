// SPDX-License-Identifier: MIT
/**
 * The mappings of a container in page numbers. One record stands for a run of equal granules that adjoin in IOVA and
 * in process memory; each granule is one mapping. Records never overlap, are sorted, and split and merge freely: how
 * mappings are stored is no one's business, how many there are and where they begin is.
 */
import { assert } from '@sda-lab/guest-memory';
import type { SharedPages } from './shared-pages.ts';

export const READ = 1;
export const WRITE = 2;

/** Records up to which lists are changed by hand. */
const FEW = 32;
const NOTHING: readonly PageRecord[] = [];

export interface PageRecord {
  first: number;
  /** A multiple of `granule`. */
  count: number;
  readonly granule: number;
  /** Process page behind `first`. */
  host: number;
  /** READ and WRITE bits, seen from the device. */
  readonly rights: number;
  /** iommufd: made without CAP_IPC_LOCK, so charged to the user. */
  readonly charged: boolean;
  /** type1: the address behind the mapping was declared invalid (VADDR flag); it stays mapped. */
  readonly vaddrInvalid: boolean;
  /** Whether the pages themselves were pinned for writing; set where a copy has fewer rights than its pages. */
  readonly pagesWritable?: boolean;
  /** iommufd: set when an IOAS_COPY shares the pages; index of `first` in it is `sharedAt`. */
  readonly shared?: SharedPages;
  sharedAt?: number;
}

/** Told of each record that comes or goes, whole, before it is merged or after it was split off. */
export interface RecordsWatcher {
  inserted(record: PageRecord): void;
  removed(record: PageRecord): void;
}

export class PageRecords {
  watcher: RecordsWatcher | undefined = undefined;
  readonly #records: PageRecord[] = [];
  #mappingCount = 0;
  #pageCount = 0;
  #chargedCount = 0;

  /** Mapped pages. */
  get pageCount(): number {
    return this.#pageCount;
  }

  /** Mapped pages that are charged to the user. */
  get chargedCount(): number {
    return this.#chargedCount;
  }

  get mappingCount(): number {
    return this.#mappingCount;
  }

  get all(): readonly PageRecord[] {
    return this.#records;
  }

  /** Index of the first record that ends after `page`; the number of records when none does. */
  indexFrom(page: number): number {
    let low = 0;
    let high = this.#records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const record = this.#records[middle]!;
      if (record.first + record.count > page) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The record that holds `page`. */
  at(page: number): PageRecord | undefined {
    const record = this.#records[this.indexFrom(page)];
    return record !== undefined && record.first <= page ? record : undefined;
  }

  /** The first mapped page in [first, end), or `end`. */
  nextMapped(first: number, end: number): number {
    const record = this.#records[this.indexFrom(first)];
    return record === undefined ? end : Math.min(end, Math.max(first, record.first));
  }

  /** Whether a mapping lies on both sides of the boundary before `page`; one of a single page lies on none. */
  isCutAt(page: number): boolean {
    const record = this.#records[this.indexFrom(page)];
    if (record === undefined || record.first >= page) return false;
    return record.granule !== 1 && (page - record.first) % record.granule !== 0;
  }

  /** Whether all mappings are of single pages, which no boundary cuts. */
  get areSingle(): boolean {
    return this.#mappingCount === this.#pageCount;
  }

  insert(record: PageRecord): void {
    assert(record.count > 0 && record.count % record.granule === 0, 'a record holds whole granules');
    const index = this.indexFrom(record.first);
    const next = this.#records[index];
    assert(next === undefined || next.first >= record.first + record.count, 'mappings never overlap');
    this.#count(record, 1);
    this.watcher?.inserted(record);
    const before = this.#records[index - 1];
    if (before !== undefined && adjoin(before, record)) {
      before.count += record.count;
      this.#mergeNext(index - 1);
      return;
    }
    this.#putAt(index, record);
    this.#mergeNext(index);
  }

  /** Takes out all granules in [first, end); both ends must be granule boundaries or lie in holes. */
  removeRange(first: number, end: number): readonly PageRecord[] {
    const records = this.#records;
    let from = this.indexFrom(first);
    if (from === records.length || records[from]!.first >= end) return NOTHING;
    if (records[from]!.first < first) {
      this.#split(from, first);
      from += 1;
    }
    let to = from + 1;
    while (to < records.length && records[to]!.first < end) to += 1;
    const last = records[to - 1]!;
    if (last.first + last.count > end) this.#split(to - 1, end);
    const removed = this.#takeOut(from, to);
    for (const record of removed) {
      this.#count(record, -1);
      this.watcher?.removed(record);
    }
    return removed;
  }

  /**
   * The first `count` of `records` instead of all there were: ascending, not overlapping. They are not copied; the
   * watcher, who gives them, is not told.
   */
  replaceAll(records: readonly PageRecord[], count: number): void {
    this.#mappingCount = 0;
    this.#pageCount = 0;
    this.#chargedCount = 0;
    for (let index = 0; index < count; index += 1) {
      const record = records[index]!;
      this.#records[index] = record;
      this.#count(record, 1);
    }
    while (this.#records.length > count) this.#records.pop();
  }

  /** Makes two mappings of the one that holds `at` strictly inside. */
  cutMapping(at: number): void {
    const index = this.indexFrom(at);
    const record = this.#records[index];
    assert(record !== undefined && record.first < at, 'a cut lies inside a mapping');
    const first = mappingFirst(record, at);
    const [whole] = this.removeRange(first, first + record.granule);
    assert(whole !== undefined, 'the cut mapping exists');
    const head = at - first;
    const sharedAt = whole.sharedAt;
    this.insert({ ...whole, count: head, granule: head });
    this.insert({
      ...whole,
      first: at,
      count: whole.granule - head,
      granule: whole.granule - head,
      host: whole.host + head,
      ...(sharedAt === undefined ? {} : { sharedAt: sharedAt + head }),
    });
  }

  /** Counts a record that came (`sign` 1) or went (-1). */
  #count({ count, granule, charged }: PageRecord, sign: number): void {
    this.#mappingCount += sign * (granule === 1 ? count : count / granule);
    this.#pageCount += sign * count;
    if (charged) this.#chargedCount += sign * count;
  }

  /** Makes two records of one that holds the page before `page` and that page. */
  #split(index: number, page: number): void {
    const record = this.#records[index]!;
    const head = page - record.first;
    assert(head % record.granule === 0, 'records split between granules');
    const tail: PageRecord = {
      ...record,
      first: page,
      count: record.count - head,
      host: record.host + head,
    };
    if (record.sharedAt !== undefined) tail.sharedAt = record.sharedAt + head;
    record.count = head;
    this.#putAt(index + 1, tail);
  }

  /** By hand as long as there are few: several times as fast as the engine's own way. */
  #putAt(index: number, record: PageRecord): void {
    const records = this.#records;
    if (records.length > FEW) {
      records.splice(index, 0, record);
      return;
    }
    records.push(record);
    for (let at = records.length - 1; at > index; at -= 1) records[at] = records[at - 1]!;
    records[index] = record;
  }

  #takeOut(from: number, to: number): PageRecord[] {
    const records = this.#records;
    if (records.length > FEW) return records.splice(from, to - from);
    const taken = to - from === 1 ? [records[from]!] : records.slice(from, to);
    this.#close(from, to);
    return taken;
  }

  /** What follows moves to where the gap begins. */
  #close(from: number, to: number): void {
    const records = this.#records;
    for (let at = to; at < records.length; at += 1) records[from + at - to] = records[at]!;
    for (let left = to - from; left > 0; left -= 1) records.pop();
  }

  #mergeNext(index: number): void {
    const record = this.#records[index]!;
    const next = this.#records[index + 1];
    if (next === undefined || !adjoin(record, next)) return;
    record.count += next.count;
    if (this.#records.length > FEW) this.#records.splice(index + 1, 1);
    else this.#close(index + 1, index + 2);
  }
}

/** First page of the mapping that holds `page`. */
export function mappingFirst(record: PageRecord, page: number): number {
  return page - ((page - record.first) % record.granule);
}

/** First page after the mapping that holds `page`. */
export function mappingEnd(record: PageRecord, page: number): number {
  return mappingFirst(record, page) + record.granule;
}

function adjoin(left: PageRecord, right: PageRecord): boolean {
  return (
    left.first + left.count === right.first &&
    left.host + left.count === right.host &&
    left.granule === right.granule &&
    left.rights === right.rights &&
    left.charged === right.charged &&
    left.vaddrInvalid === right.vaddrInvalid &&
    left.shared === undefined &&
    right.shared === undefined
  );
}
