// SPDX-License-Identifier: MIT
import IntervalTreeModule from 'node-interval-tree';
import { HOST_BASE, hostOf, type IovaMap } from './iova-map.ts';

/** A CommonJS package: what it exports as default is a part of what is imported as default. */
const { default: IntervalTree } = IntervalTreeModule;

/** node-interval-tree: intervals with both ends included, host page as data. */
export class IntervalTreeMap implements IovaMap {
  readonly name = 'node-interval-tree';
  #tree = new IntervalTree<number>();

  insertAll(pages: Int32Array): number {
    let done = 0;
    for (let at = 0; at < pages.length; at += 1) if (this.#insert(pages[at]!)) done += 1;
    return done;
  }

  lookUpAll(pages: Int32Array): number {
    let sum = 0;
    for (let at = 0; at < pages.length; at += 1) {
      const [host] = this.#tree.search(pages[at]!, pages[at]!);
      if (host !== undefined) sum += host - HOST_BASE;
    }
    return sum;
  }

  removeAll(pages: Int32Array): number {
    let done = 0;
    for (let at = 0; at < pages.length; at += 1) if (this.#remove(pages[at]!)) done += 1;
    return done;
  }

  churn(from: Int32Array, to: Int32Array): number {
    let done = 0;
    for (let at = 0; at < from.length; at += 1) {
      if (this.#remove(from[at]!)) done += 1;
      if (this.#insert(to[at]!)) done += 1;
    }
    return done;
  }

  clear(): void {
    this.#tree = new IntervalTree<number>();
  }

  #insert(page: number): boolean {
    return this.#tree.search(page, page).length === 0 && this.#tree.insert(page, page, hostOf(page));
  }

  #remove(page: number): boolean {
    return this.#tree.remove(page, page, hostOf(page));
  }
}
