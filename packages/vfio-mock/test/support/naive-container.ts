// SPDX-License-Identifier: MIT
/*
 * A container as a table of pages, each naming its mapping: slow, obvious, and written from the errno table rather
 * than from the code under test.
 */
import { ERRNO } from '@sda-lab/guest-memory';
import type { BackendId } from '@sda-lab/vfio-mock';
import type { TestMemory } from './test-memory.ts';

interface NaivePage {
  readonly mapping: number;
  readonly host: number;
  readonly writable: boolean;
  frame: number;
}

const isIommufd = (backend: BackendId): boolean => backend.startsWith('iommufd');
const isServer = (backend: BackendId): boolean => backend.startsWith('vfio-user');
const MSI_FIRST = 0xfee00;
const MSI_END = 0xfef00;

export class NaiveContainer {
  readonly pages = new Map<number, NaivePage>();
  done = 0;
  unmappedPages = 0;
  mapCalls = 0;
  unmapCalls = 0;
  passes = { map: Infinity, unmap: Infinity };
  readonly #backend: BackendId;
  readonly #memory: TestMemory;
  readonly #entryLimit: number;
  readonly #memlockPages: number;
  #nextMapping = 1;

  constructor(backend: BackendId, memory: TestMemory, entryLimit: number, memlockPages: number) {
    this.#backend = backend;
    this.#memory = memory;
    this.#entryLimit = isIommufd(backend) ? Infinity : entryLimit;
    this.#memlockPages = memlockPages;
  }

  mappings(): [number, number][] {
    const found: [number, number][] = [];
    let last = 0;
    for (const [page, { mapping }] of [...this.pages].toSorted(([a], [b]) => a - b)) {
      if (mapping === last) found.at(-1)![1] += 1;
      else found.push([page, 1]);
      last = mapping;
    }
    return found;
  }

  map(iova: number, host: number, count: number, granule: number, writable: boolean): number {
    this.done = 0;
    for (let at = 0; at < count; at += granule) {
      this.mapCalls += 1;
      const status = this.#mapOne(iova + at, host + at, Math.min(granule, count - at), writable);
      this.passes.map = Math.max(0, this.passes.map - 1);
      if (status !== 0) return status;
      this.done += 1;
    }
    return 0;
  }

  unmap(iova: number, count: number): number {
    this.unmapCalls += 1;
    this.unmappedPages = 0;
    const status = this.#unmapOne(iova, count);
    this.passes.unmap = Math.max(0, this.passes.unmap - 1);
    return status;
  }

  #mapOne(iova: number, host: number, count: number, writable: boolean): number {
    const places = Array.from({ length: count }, (_, at) => iova + at);
    const overlaps = places.some((page) => this.pages.has(page));
    const isReserved =
      !isServer(this.#backend) && places.some((page) => page >= MSI_FIRST && page < MSI_END);
    const isFull = this.mappings().length >= this.#entryLimit;
    if (isIommufd(this.#backend) && isReserved) return -ERRNO.EINVAL;
    if (overlaps) return -ERRNO.EEXIST;
    if (isFull) return -ERRNO.ENOSPC;
    if (isReserved) return -ERRNO.EINVAL;
    if (this.passes.map === 0) return -ERRNO.EIO;
    const pinned = isServer(this.#backend) ? 0 : this.#pinStatus(host, count);
    if (pinned !== 0) return pinned;
    const mapping = this.#nextMapping++;
    for (const [at, page] of places.entries()) {
      this.pages.set(page, { mapping, host: host + at, writable, frame: 0 });
    }
    return 0;
  }

  #pinStatus(host: number, count: number): number {
    let good = 0;
    while (good < count && !this.#memory.bad.has(host + good)) good += 1;
    const isTooMuch = this.pages.size + good > this.#memlockPages;
    if (isIommufd(this.#backend)) {
      if (good < count) return -ERRNO.EFAULT;
      return isTooMuch ? -ERRNO.ENOMEM : 0;
    }
    if (good > 0 && isTooMuch) return -ERRNO.ENOMEM;
    return good < count ? -ERRNO.EFAULT : 0;
  }

  #unmapOne(iova: number, count: number): number {
    const end = iova + count;
    const all = this.mappings();
    const touched = all.filter(([first, pages]) => first < end && first + pages > iova);
    const cut = touched.filter(([first, pages]) => first < iova || first + pages > end);
    const whole = touched.filter((mapping) => !cut.includes(mapping));
    switch (this.#backend) {
      case 'vfio-user-strict':
        if (cut.length > 0 || whole.length !== 1 || whole[0]![1] !== count) return -ERRNO.ENOENT;
        return this.#remove(whole, 0);
      case 'type1': {
        if (touched[0] !== undefined && touched[0][0] < iova) return this.#remove([], 0);
        return this.#remove(touched, 0);
      }
      case 'iommufd':
      case 'iommufd-compat-v2': {
        const firstCut = touched.findIndex((mapping) => cut.includes(mapping));
        if (firstCut === 0) return -ERRNO.ENOENT;
        if (firstCut > 0) return this.#remove(touched.slice(0, firstCut), -ERRNO.ENOENT);
        return this.#remove(touched, touched.length === 0 && this.#backend === 'iommufd' ? -ERRNO.ENOENT : 0);
      }
      case 'iommufd-compat-v1': {
        if (this.passes.unmap === 0) return -ERRNO.EIO;
        for (const [page, entry] of this.pages) {
          const [first] = touched.find(([at, pages]) => page >= at && page < at + pages) ?? [];
          if (first === undefined) continue;
          const part = page < iova ? 0 : page < end ? 1 : 2;
          this.pages.set(page, { ...entry, mapping: entry.mapping * 3 + part + 1e6 });
        }
        this.#nextMapping = this.#nextMapping * 3 + 1e7;
        return this.#remove(
          this.mappings().filter(([first, pages]) => first >= iova && first + pages <= end),
          0,
        );
      }
      default:
        return cut.length > 0 ? -ERRNO.EINVAL : this.#remove(whole, 0);
    }
  }

  #remove(mappings: readonly (readonly [number, number])[], status: number): number {
    if (this.passes.unmap === 0) return -ERRNO.EIO;
    for (const [first, pages] of mappings) {
      for (let page = first; page < first + pages; page += 1) this.pages.delete(page);
      this.unmappedPages += pages;
    }
    return status;
  }
}
