// SPDX-License-Identifier: MIT
/**
 * The records of a container that has few of them: a sorted list, changed by hand, whose objects are used again. Several
 * times as fast as the engine's own list functions, and no garbage, which is what a search of small worlds lives on.
 */
import { type PageRecord, type SharedPart, StoredRecord } from './page-record.ts';

/** Records up to which a list is faster than tables. */
export const FEW = 32;

export class SmallRecords {
  /** In use up to `length`, ascending; those behind wait to be used again. */
  readonly list: StoredRecord[] = [];
  length = 0;

  /** Index of the first record that ends after `page`; the number of records when none does. */
  indexFrom(page: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const record = this.list[middle]!;
      if (record.first + record.count > page) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  from(page: number): StoredRecord | undefined {
    const index = this.indexFrom(page);
    return index === this.length ? undefined : this.list[index];
  }

  upTo(page: number): StoredRecord | undefined {
    let index = this.indexFrom(page);
    if (index === this.length || this.list[index]!.first > page) index -= 1;
    return index === -1 ? undefined : this.list[index];
  }

  /** Answers whether there was room. */
  insert(first: number, count: number, granule: number, host: number, flags: number, shared?: SharedPart): boolean {
    const index = this.indexFrom(first);
    const end = first + count;
    const next = index === this.length ? undefined : this.list[index]!;
    if (next !== undefined && next.first < end) return false;
    const goesBeforeNext =
      next?.first === end && next.host === host + count && isAlike(next, granule, flags) && shared === undefined;
    if (index > 0) {
      const before = this.list[index - 1]!;
      if (before.goesOn(first, granule, host, flags, shared)) {
        before.count += count;
        if (goesBeforeNext) {
          before.count += next.count;
          this.#drop(index);
        }
        return true;
      }
    }
    if (goesBeforeNext) {
      next.first = first;
      next.host = host;
      next.count += count;
    } else {
      this.#open(index).put(first, count, granule, host, flags, shared);
    }
    return true;
  }

  /** Puts what follows all others, without a look at what it adjoins. */
  append(first: number, count: number, granule: number, host: number, flags: number): void {
    this.#open(this.length).put(first, count, granule, host, flags);
  }

  /** Takes the lowest piece out of [first, end) into `taken`; answers whether there was one. */
  take(first: number, end: number, taken: StoredRecord): boolean {
    const index = this.indexFrom(first);
    if (index === this.length) return false;
    const record = this.list[index]!;
    if (record.first >= end) return false;
    const from = Math.max(first, record.first);
    const recordEnd = record.end;
    const to = Math.min(end, recordEnd);
    taken.putPart(record, from, to);
    if (from === record.first) {
      if (to === recordEnd) this.#drop(index);
      else record.putPart(record, to, recordEnd);
      return true;
    }
    if (to < recordEnd) this.#open(index + 1).putPart(record, to, recordEnd);
    record.count = from - record.first;
    return true;
  }

  /** An unused record at `index`; what follows moves up. */
  #open(index: number): StoredRecord {
    const { list } = this;
    if (list.length === this.length) list.push(new StoredRecord());
    const free = list[this.length]!;
    for (let at = this.length; at > index; at -= 1) list[at] = list[at - 1]!;
    list[index] = free;
    this.length += 1;
    return free;
  }

  /** What follows moves down; the record waits at the end. */
  #drop(index: number): void {
    const { list } = this;
    const dropped = list[index]!;
    dropped.shared = undefined;
    this.length -= 1;
    for (let at = index; at < this.length; at += 1) list[at] = list[at + 1]!;
    list[this.length] = dropped;
  }
}

function isAlike(record: PageRecord, granule: number, flags: number): boolean {
  return record.granule === granule && record.flags === flags && record.shared === undefined;
}
