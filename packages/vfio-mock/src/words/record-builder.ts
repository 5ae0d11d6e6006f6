// SPDX-License-Identifier: MIT
/**
 * Mappings put together from their pages, in ascending order, as the records of a container, which forgets those it had.
 * Nobody is told: who loads a state knows it.
 */
import { assert } from '@sda-lab/guest-memory';
import { StoredRecord } from '../_internals/page-record.ts';
import type { PageRecords } from '../_internals/page-records.ts';

export class RecordBuilder {
  readonly #records: PageRecords;
  /** What the next page may go on with; empty at first. */
  readonly #last = new StoredRecord();

  constructor(records: PageRecords) {
    this.#records = records;
  }

  begin(): void {
    this.#last.count = 0;
    this.#records.clear();
  }

  /** The next mapped page: of the mapping before it, or the first one of another. */
  add(page: number, host: number, flags: number, isBegin: boolean): void {
    const last = this.#last;
    const isNext = last.count > 0 && page === last.first + last.count && host === last.host + last.count;
    if (isBegin) {
      // Single pages make one record; longer mappings have one each, which nobody can tell.
      if (isNext && last.granule === 1 && last.flags === flags) last.count += 1;
      else this.#put(page, 1, host, flags);
      return;
    }
    assert(isNext, 'a mapping is loaded without gaps');
    if (last.count > last.granule) {
      last.count -= 1;
      this.#put(page - 1, 2, host - 1, flags);
    } else {
      last.count += 1;
      last.granule += 1;
    }
  }

  finish(): void {
    const { first, count, granule, host, flags } = this.#last;
    if (count > 0) this.#records.append(first, count, granule, host, flags);
  }

  /** The last one is complete; another one begins. */
  #put(first: number, count: number, host: number, flags: number): void {
    this.finish();
    this.#last.put(first, count, count, host, flags);
  }
}
