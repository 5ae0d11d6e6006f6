// SPDX-License-Identifier: MIT
import { PageRecords } from '@sda-lab/vfio-mock/iova-map';
import { HOST_BASE, hostOf, type IovaMap } from './iova-map.ts';

const READ_WRITE = 3;

/** The map of our containers. */
export class PageRecordsMap implements IovaMap {
  readonly name = 'vfio-mock PageRecords';
  readonly #records = new PageRecords();

  insertAll(pages: Int32Array): number {
    let done = 0;
    for (let at = 0; at < pages.length; at += 1) {
      const page = pages[at]!;
      if (this.#records.insert(page, 1, 1, hostOf(page), READ_WRITE)) done += 1;
    }
    return done;
  }

  lookUpAll(pages: Int32Array): number {
    let sum = 0;
    for (let at = 0; at < pages.length; at += 1) {
      const page = pages[at]!;
      const record = this.#records.at(page);
      if (record !== undefined) sum += record.host + page - record.first - HOST_BASE;
    }
    return sum;
  }

  removeAll(pages: Int32Array): number {
    const before = this.#records.mappingCount;
    for (let at = 0; at < pages.length; at += 1) this.#records.removeRange(pages[at]!, pages[at]! + 1);
    return before - this.#records.mappingCount;
  }

  churn(from: Int32Array, to: Int32Array): number {
    const records = this.#records;
    let done = 0;
    for (let at = 0; at < from.length; at += 1) {
      const before = records.mappingCount;
      records.removeRange(from[at]!, from[at]! + 1);
      done += before - records.mappingCount;
      if (records.insert(to[at]!, 1, 1, hostOf(to[at]!), READ_WRITE)) done += 1;
    }
    return done;
  }

  clear(): void {
    this.#records.clear();
  }

  bytes(): number {
    return this.#records.byteCount;
  }
}
