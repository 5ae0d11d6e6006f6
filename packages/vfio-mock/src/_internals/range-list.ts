// SPDX-License-Identifier: MIT
/** Ascending ranges of pages, joined where they adjoin; a list that is filled and emptied again and again. */
import type { ContainerObserver } from '../iommu-container.ts';

/** Entries that are kept for the next time. */
const KEPT = 1024;

export class RangeList {
  /** First page and end of each range in turn. */
  readonly #edges: number[] = [];
  #length = 0;

  add(first: number, count: number): void {
    const end = first + count;
    if (this.#length > 0 && this.#edges[this.#length - 1] === first) {
      this.#edges[this.#length - 1] = end;
      return;
    }
    this.#edges[this.#length] = first;
    this.#edges[this.#length + 1] = end;
    this.#length += 2;
  }

  /** Tells of each range that it was unmapped; the list is empty then. */
  drain(observer: ContainerObserver): void {
    const length = this.#length;
    this.#length = 0;
    for (let at = 0; at < length; at += 2) {
      const first = this.#edges[at]!;
      observer.onUnmapped(first, this.#edges[at + 1]! - first);
    }
    if (this.#edges.length > KEPT) this.#edges.length = 0;
  }
}
