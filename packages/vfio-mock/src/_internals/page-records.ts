// SPDX-License-Identifier: MIT
/**
 * The IOVA map of a container: its mappings in page numbers, as records (page-record.ts) that never overlap and are sorted.
 * Few records are a list, many a radix table over typed arrays; which form it has shows nowhere but in speed and memory.
 *
 * Lifecycle: empty -> mappings come and go; past 32 records the list becomes a table, an empty table a list again.
 * A record that a call answers or hands out is valid until the next call: who keeps it copies it. Inserting and removing
 * make no garbage.
 * Not covered: what is behind the mappings (frames, pins), who may map what (page-checks.ts).
 */
import { assert } from '@sda-lab/guest-memory';
import { IovaTable } from './iova-table.ts';
import { CHARGED_TO_USER, mappingFirst, type PageRecord, type SharedPart, sharedFrom, StoredRecord } from './page-record.ts';
import { DONE, type PlainBlocks, UNDECIDED } from './plain-blocks.ts';
import { FEW, SmallRecords } from './small-records.ts';

/** Told of each record that comes or goes, whole, before it is merged or after it was split off. */
export interface RecordsWatcher {
  inserted(record: PageRecord): void;
  removed(record: PageRecord): void;
}

/** Given what a removal takes out, ascending; it must not change the records. */
export interface RemovedSink {
  removed(record: PageRecord): void;
}

export class PageRecords {
  watcher: RecordsWatcher | undefined = undefined;
  readonly #small = new SmallRecords();
  /** Kept once it was needed. */
  #table: IovaTable | undefined = undefined;
  #isSmall = true;
  /** The table's short way, where there is a table in use. */
  #plain: PlainBlocks | undefined = undefined;
  readonly #handed = new StoredRecord();
  /** Without what the table counts by itself. */
  #mappingCount = 0;
  #pageCount = 0;
  #chargedCount = 0;

  /** Mapped pages. */
  get pageCount(): number {
    return this.#isSmall ? this.#pageCount : this.#pageCount + this.#table!.plain.count;
  }

  /** Mapped pages that are charged to the user. */
  get chargedCount(): number {
    return this.#chargedCount;
  }

  get mappingCount(): number {
    return this.#isSmall ? this.#mappingCount : this.#mappingCount + this.#table!.plain.count;
  }

  /** Bytes of the table's arrays held now; a list counts as nothing. */
  get byteCount(): number {
    return this.#table?.byteCount ?? 0;
  }

  /** Whether all mappings are of single pages, which no boundary cuts. */
  get areSingle(): boolean {
    return this.#mappingCount === this.#pageCount;
  }

  /** The first record that ends after `page`. */
  from(page: number): PageRecord | undefined {
    return this.#isSmall ? this.#small.from(page) : this.#table!.from(page);
  }

  /** The last record that begins at or before `page`. */
  upTo(page: number): PageRecord | undefined {
    return this.#isSmall ? this.#small.upTo(page) : this.#table!.upTo(page);
  }

  /** The record that holds `page`. */
  at(page: number): PageRecord | undefined {
    if (!this.#isSmall) return this.#table!.at(page);
    const record = this.#small.from(page);
    return record !== undefined && record.first <= page ? record : undefined;
  }

  /** Whether a mapping holds `page`. */
  holds(page: number): boolean {
    if (!this.#isSmall) return this.#table!.holds(page);
    const record = this.#small.from(page);
    return record !== undefined && record.first <= page;
  }

  /** The first mapped page in [first, end), or `end`. */
  nextMapped(first: number, end: number): number {
    if (!this.#isSmall) return this.#table!.nextMapped(first, end);
    const record = this.#small.from(first);
    return record === undefined ? end : Math.min(end, Math.max(first, record.first));
  }

  /** Whether a mapping lies on both sides of the boundary before `page`; one of a single page lies on none. */
  isCutAt(page: number): boolean {
    const record = this.from(page);
    if (record === undefined || record.first >= page) return false;
    return record.granule !== 1 && (page - record.first) % record.granule !== 0;
  }

  /** Records that lie in [first, end), whole or in part, ascending. */
  forEach(first: number, end: number, visit: (record: PageRecord) => void): void {
    for (let record = this.from(first); record !== undefined && record.first < end; ) {
      const next = record.first + record.count;
      visit(record);
      record = this.from(next);
    }
  }

  /** Of each of some pages, ascending, whether it is mapped (1 or 0); that of the i-th one goes to index `places[i]`. */
  readEach(pages: readonly number[], mapped: Uint8Array, places: readonly number[]): void {
    const { list, length } = this.#small;
    let index = 0;
    for (let which = 0; which < pages.length; which += 1) {
      const page = pages[which]!;
      if (!this.#isSmall) {
        mapped[places[which]!] = this.#table!.holds(page) ? 1 : 0;
        continue;
      }
      while (index < length && page >= list[index]!.first + list[index]!.count) index += 1;
      mapped[places[which]!] = index < length && list[index]!.first <= page ? 1 : 0;
    }
  }

  /** The same of the pages in [first, end); that of `first` goes to index `at`. */
  read(first: number, end: number, mapped: Uint8Array, at: number): void {
    let page = first;
    while (page < end) {
      const record = this.from(page);
      const gapEnd = record === undefined ? end : Math.min(end, record.first);
      for (; page < gapEnd; page += 1) mapped[at + page - first] = 0;
      if (record === undefined) return;
      const mappedEnd = Math.min(end, record.first + record.count);
      for (; page < mappedEnd; page += 1) mapped[at + page - first] = 1;
    }
  }

  /** `count / granule` mappings; false, and nothing is changed, when one would overlap what is there. */
  insert(first: number, count: number, granule: number, host: number, flags: number, shared?: SharedPart): boolean {
    const plain = this.#plain;
    if (count === 1 && plain !== undefined && shared === undefined && this.watcher === undefined) {
      const outcome = plain.insert(first, host, flags);
      if (outcome !== UNDECIDED) {
        if (outcome === DONE && (flags & CHARGED_TO_USER) !== 0) this.#chargedCount += 1;
        return outcome === DONE;
      }
    }
    return this.#insert(first, count, granule, host, flags, shared);
  }

  /** Takes out all granules in [first, end); both ends must be granule boundaries or lie in holes. */
  removeRange(first: number, end: number, sink?: RemovedSink): void {
    const record = this.#handed;
    const plain = this.#plain;
    if (plain !== undefined && end - first === 1 && plain.take(first, record)) {
      if ((record.flags & CHARGED_TO_USER) !== 0) this.#chargedCount -= 1;
      this.watcher?.removed(record);
      sink?.removed(record);
      return;
    }
    let at = first;
    while (at < end && this.#take(at, end)) {
      at = record.first + record.count;
      this.#removed(record, sink);
    }
    record.shared = undefined;
  }

  /** Forgets all records; the watcher, who will say what there is, is not told. */
  clear(): void {
    if (!this.#isSmall) this.#table!.clear();
    this.#isSmall = true;
    this.#plain = undefined;
    this.#small.length = 0;
    this.#mappingCount = 0;
    this.#pageCount = 0;
    this.#chargedCount = 0;
  }

  /** Adds what follows all records, for who cleared them; the watcher is not told. */
  append(first: number, count: number, granule: number, host: number, flags: number): void {
    this.#count(count, granule, flags, 1);
    if (this.#isSmall) {
      this.#small.append(first, count, granule, host, flags);
      if (this.#small.length > FEW) this.#toTable();
    } else {
      this.#table!.insert(first, count, granule, host, flags);
    }
  }

  /** Makes two mappings of the one that holds `at` strictly inside. */
  cutMapping(at: number): void {
    const holder = this.at(at);
    assert(holder !== undefined && holder.first < at, 'a cut lies inside a mapping');
    const { granule, flags } = holder;
    const first = mappingFirst(holder, at);
    const host = holder.host + first - holder.first;
    const shared = sharedFrom(holder.shared, first - holder.first);
    this.removeRange(first, first + granule);
    const head = at - first;
    this.insert(first, head, head, host, flags, shared);
    this.insert(at, granule - head, granule - head, host + head, flags, sharedFrom(shared, head));
  }

  #insert(first: number, count: number, granule: number, host: number, flags: number, shared?: SharedPart): boolean {
    assert(count > 0 && (granule === 1 || count % granule === 0), 'a record holds whole granules');
    assert(shared === undefined || count === granule, 'pages are shared one mapping at a time');
    const isDone = this.#isSmall
      ? this.#small.insert(first, count, granule, host, flags, shared)
      : this.#table!.insert(first, count, granule, host, flags, shared);
    if (!isDone) return false;
    this.#count(count, granule, flags, 1);
    if (this.watcher !== undefined) {
      this.#handed.put(first, count, granule, host, flags, shared);
      this.watcher.inserted(this.#handed);
    }
    if (this.#isSmall && this.#small.length > FEW) this.#toTable();
    return true;
  }

  #removed(record: PageRecord, sink: RemovedSink | undefined): void {
    const { count, granule, flags } = record;
    assert(granule === 1 || count % granule === 0, 'records split between granules');
    this.#count(count, granule, flags, -1);
    this.watcher?.removed(record);
    sink?.removed(record);
  }

  #take(first: number, end: number): boolean {
    if (this.#isSmall) {
      const isTaken = this.#small.take(first, end, this.#handed);
      if (this.#small.length > FEW) this.#toTable();
      return isTaken;
    }
    const table = this.#table!;
    if (!table.take(first, end, this.#handed)) return false;
    if (table.isEmpty) this.#leaveTable();
    return true;
  }

  /** The table is empty, and what it counted goes into the counts. */
  #leaveTable(): void {
    const shortCount = this.#table!.plain.count;
    this.#mappingCount += shortCount;
    this.#pageCount += shortCount;
    this.#table!.clear();
    this.#isSmall = true;
    this.#plain = undefined;
  }

  #toTable(): void {
    this.#table ??= new IovaTable();
    const { list, length } = this.#small;
    for (let index = 0; index < length; index += 1) {
      const { first, count, granule, host, flags, shared } = list[index]!;
      this.#table.insert(first, count, granule, host, flags, shared);
      list[index]!.shared = undefined;
    }
    this.#small.length = 0;
    this.#isSmall = false;
    this.#plain = this.#table.plain;
  }

  /** Counts mappings that came (`sign` 1) or went (-1). */
  #count(count: number, granule: number, flags: number, sign: number): void {
    this.#mappingCount += sign * (granule === 1 ? count : count / granule);
    this.#pageCount += sign * count;
    if ((flags & CHARGED_TO_USER) !== 0) this.#chargedCount += sign * count;
  }
}
