// SPDX-License-Identifier: MIT
/**
 * What an operation did to the mappings of one tracker, step by step, so that it can be undone. The arrays stay from one
 * operation to the next, unless they have grown large: most operations have a step or two.
 */
const KEPT_STEPS = 1024;

export class StepLog {
  /** Steps are numbered from 0. */
  count = 0;
  #isMap: boolean[] = [];
  #firstPages: number[] = [];
  #endPages: number[] = [];

  clear(): void {
    if (this.count > KEPT_STEPS) {
      this.#isMap = [];
      this.#firstPages = [];
      this.#endPages = [];
    }
    this.count = 0;
  }

  /** The half-open run was mapped, or unmapped. */
  push(isMap: boolean, firstPage: number, endPage: number): void {
    const step = this.count;
    this.#isMap[step] = isMap;
    this.#firstPages[step] = firstPage;
    this.#endPages[step] = endPage;
    this.count = step + 1;
  }

  isMap(step: number): boolean {
    return this.#isMap[step]!;
  }

  firstPage(step: number): number {
    return this.#firstPages[step]!;
  }

  endPage(step: number): number {
    return this.#endPages[step]!;
  }
}
