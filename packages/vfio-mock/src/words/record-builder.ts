// SPDX-License-Identifier: MIT
/**
 * Mappings put together from their pages, in ascending order, as the records a container would hold. Each build uses the
 * record objects of the last one again; the container that still holds those is given the new ones at the end.
 */
import { assert } from '@sda-lab/guest-memory';
import type { PageRecord, PageRecords } from '../_internals/page-records.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class RecordBuilder {
  readonly #records: Mutable<PageRecord>[] = [];
  #count = 0;

  begin(): void {
    this.#count = 0;
  }

  /** The next mapped page: of the mapping before it, or the first one of another. */
  add(page: number, host: number, rights: number, charged: boolean, isBegin: boolean): void {
    const last = this.#count === 0 ? undefined : this.#records[this.#count - 1]!;
    const isNext = last !== undefined && page === last.first + last.count && host === last.host + last.count;
    if (isBegin) {
      // Single pages make one record; longer mappings have one each, which nobody can tell.
      if (isNext && last.granule === 1 && last.rights === rights && last.charged === charged) last.count += 1;
      else this.#put(page, 1, host, rights, charged);
      return;
    }
    assert(isNext, 'a mapping is loaded without gaps');
    if (last.count > last.granule) {
      last.count -= 1;
      this.#put(page - 1, 2, host - 1, rights, charged);
    } else {
      last.count += 1;
      last.granule += 1;
    }
  }

  /** Puts what was built into the place of all records. */
  finish(records: PageRecords): void {
    records.replaceAll(this.#records, this.#count);
  }

  #put(first: number, count: number, host: number, rights: number, charged: boolean): void {
    if (this.#count === this.#records.length) {
      this.#records.push({ first, count, granule: count, host, rights, charged, vaddrInvalid: false });
    } else {
      const record = this.#records[this.#count]!;
      record.first = first;
      record.count = count;
      record.granule = count;
      record.host = host;
      record.rights = rights;
      record.charged = charged;
    }
    this.#count += 1;
  }
}
