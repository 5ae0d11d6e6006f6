// SPDX-License-Identifier: MIT
import type { PageNumbers } from './page-numbers.ts';

/** The identity of a frame per page, 0 for none; four bytes each. */
export class ExactIdentities implements PageNumbers {
  /** By page. */
  readonly values: Int32Array;

  /** The array itself, which may be a stretch of a larger one. */
  constructor(values: Int32Array) {
    this.values = values;
  }

  get(page: number): number {
    return this.values[page]!;
  }

  set(page: number, value: number): void {
    this.values[page] = value;
  }

  setRun(firstPage: number, endPage: number, value: number): void {
    const { values } = this;
    const rise = value === 0 ? 0 : 1;
    let next = value;
    for (let page = firstPage; page < endPage; page += 1) {
      values[page] = next;
      next += rise;
    }
  }

  endOfRun(page: number, _endPage: number): number {
    return page + 1;
  }

  next(value: number, firstPage: number, endPage: number): number {
    const at = this.values.subarray(firstPage, endPage).indexOf(value);
    return at === -1 ? endPage : firstPage + at;
  }
}
