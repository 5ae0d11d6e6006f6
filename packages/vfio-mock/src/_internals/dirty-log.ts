// SPDX-License-Identifier: MIT
/** Pages devices wrote to since tracking began or was last read and cleared (dirty bits of the IO page table). */
export class DirtyLog {
  isTracking = false;
  readonly #pages = new Set<number>();

  start(): void {
    this.isTracking = true;
    this.#pages.clear();
  }

  stop(): void {
    this.isTracking = false;
  }

  mark(first: number, count: number): void {
    for (let page = first; page < first + count; page += 1) this.#pages.add(page);
  }

  isDirty(page: number): boolean {
    return this.#pages.has(page);
  }

  clear(first: number, end: number): void {
    for (const page of this.#pages) if (page >= first && page < end) this.#pages.delete(page);
  }

  /** Dirty pages in [first, end), ascending. */
  pagesIn(first: number, end: number): number[] {
    return [...this.#pages].filter((page) => page >= first && page < end).toSorted((a, b) => a - b);
  }
}
