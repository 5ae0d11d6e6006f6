// SPDX-License-Identifier: MIT
/** A mark per page, a byte each. `ExactIdentities` is the same for larger numbers: one class for both would be slower. */
import type { PageNumbers } from './page-numbers.ts';

/** Up to here a loop is faster than the engine's own search or fill. */
const SHORT = 32;

export class ExactMarks implements PageNumbers {
  /** By page. */
  readonly values: Uint8Array;

  constructor(pageCount: number) {
    this.values = new Uint8Array(pageCount);
  }

  get(page: number): number {
    return this.values[page]!;
  }

  set(page: number, value: number): void {
    this.values[page] = value;
  }

  setRun(firstPage: number, endPage: number, value: number): void {
    const { values } = this;
    if (endPage - firstPage > SHORT) values.fill(value, firstPage, endPage);
    else for (let page = firstPage; page < endPage; page += 1) values[page] = value;
  }

  endOfRun(page: number, _endPage: number): number {
    return page + 1;
  }

  next(value: number, firstPage: number, endPage: number): number {
    const { values } = this;
    if (endPage - firstPage > SHORT) {
      const at = values.subarray(firstPage, endPage).indexOf(value);
      return at === -1 ? endPage : firstPage + at;
    }
    for (let page = firstPage; page < endPage; page += 1) if (values[page] === value) return page;
    return endPage;
  }
}
