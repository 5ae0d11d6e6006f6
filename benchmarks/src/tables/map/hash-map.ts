// SPDX-License-Identifier: MIT
import { HOST_BASE, hostOf, type IovaMap } from './iova-map.ts';

/** The built-in `Map` from page to host page: a check of overlap for single pages only, no ranges, no order. */
export class HashMap implements IovaMap {
  readonly name = 'Map by page';
  readonly #hosts = new Map<number, number>();

  insertAll(pages: Int32Array): number {
    let done = 0;
    for (let at = 0; at < pages.length; at += 1) if (this.#insert(pages[at]!)) done += 1;
    return done;
  }

  lookUpAll(pages: Int32Array): number {
    let sum = 0;
    for (let at = 0; at < pages.length; at += 1) {
      const host = this.#hosts.get(pages[at]!);
      if (host !== undefined) sum += host - HOST_BASE;
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
    if (this.#hosts.has(page)) return false;
    this.#hosts.set(page, hostOf(page));
    return true;
  }
}
