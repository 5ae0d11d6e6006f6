// SPDX-License-Identifier: MIT
import BTreeModule from 'sorted-btree';
import { HOST_BASE, hostOf, type IovaMap } from './iova-map.ts';

/** A CommonJS package: what it exports as default is a part of what is imported as default. */
const { default: BTree } = BTreeModule;

/** Mappings are single pages, so their length is not stored; the neighbours are looked at as if it were. */
const PAGES = 1;

/** sorted-btree, from first page to host page. */
export class BTreeMap implements IovaMap {
  readonly name = 'sorted-btree';
  readonly #hosts = new BTree<number, number>(undefined, (one, other) => one - other);
  readonly #pair: [number, number] = [0, 0];

  insertAll(pages: Int32Array): number {
    let done = 0;
    for (let at = 0; at < pages.length; at += 1) if (this.#insert(pages[at]!)) done += 1;
    return done;
  }

  lookUpAll(pages: Int32Array): number {
    let sum = 0;
    for (let at = 0; at < pages.length; at += 1) {
      const page = pages[at]!;
      const before = this.#hosts.getPairOrNextLower(page, this.#pair);
      if (before !== undefined && page - before[0] < PAGES) sum += before[1] + page - before[0] - HOST_BASE;
    }
    return sum;
  }

  removeAll(pages: Int32Array): number {
    let done = 0;
    for (let at = 0; at < pages.length; at += 1) if (this.#hosts.delete(pages[at]!)) done += 1;
    return done;
  }

  churn(from: Int32Array, to: Int32Array): number {
    let done = 0;
    for (let at = 0; at < from.length; at += 1) {
      if (this.#hosts.delete(from[at]!)) done += 1;
      if (this.#insert(to[at]!)) done += 1;
    }
    return done;
  }

  clear(): void {
    this.#hosts.clear();
  }

  #insert(page: number): boolean {
    const before = this.#hosts.getPairOrNextLower(page, this.#pair);
    if (before !== undefined && before[0] + PAGES > page) return false;
    const next = this.#hosts.nextHigherKey(page);
    if (next !== undefined && next < page + PAGES) return false;
    this.#hosts.set(page, hostOf(page));
    return true;
  }
}
