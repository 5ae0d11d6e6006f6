// SPDX-License-Identifier: MIT
/**
 * Numbers of pages by runs, in the shape of the lowest two levels of an EPT: the root has one entry for each leaf of 512
 * pages, which is either one run (the entry says the first page's number) or written out, page by page, in a pool.
 *
 * A leaf that becomes one run again gives its place in the pool back. So 1 TiB of pages that do as their neighbours do
 * take 2 MiB, and every page that does not costs at most its leaf of 2 KiB (marks: 512 bytes). Setting a run costs an entry per leaf;
 * runs longer than a leaf are told leaf by leaf, so that walks over several of these at once never look twice.
 *
 * Numbers are from 0 to 2^31 - 1, pages below 2^31.
 */
import { assert } from '../assert.ts';
import type { NumberKind, PageNumbers } from './page-numbers.ts';

/** 2 MiB. */
export const LEAF_PAGES = 512;

const FIRST_POOL_LEAVES = 8;
const LARGEST_BYTE = 255;

export class RunNumbers implements PageNumbers {
  readonly #leafPages: number;
  readonly #shift: number;
  readonly #mask: number;
  /** By how much a number other than 0 exceeds the one of the page before it, inside a run. */
  readonly #rise: 0 | 1;
  #pageCount: number;
  /** By leaf: the first page's number of one that is a run, else the complement of its place in the pool. */
  #root: Int32Array;
  /** Leaves that are written out, one after the other; bytes until a mark does not fit one. */
  #pool: Uint8Array | Int32Array;
  #poolEnd = 0;
  /** Places of the pool that nobody uses. */
  readonly #free: number[] = [];

  constructor(kind: NumberKind, pageCount: number, leafPages: number = LEAF_PAGES) {
    assert(leafPages >= 2 && (leafPages & (leafPages - 1)) === 0, 'a leaf is a power of two of pages');
    this.#leafPages = leafPages;
    this.#shift = Math.log2(leafPages);
    this.#mask = leafPages - 1;
    this.#rise = kind === 'marks' ? 0 : 1;
    this.#pageCount = pageCount;
    this.#root = new Int32Array(Math.ceil(pageCount / leafPages));
    const entries = FIRST_POOL_LEAVES * leafPages;
    this.#pool = kind === 'marks' ? new Uint8Array(entries) : new Int32Array(entries);
  }

  /** Pages there is a number for; those that come with `grow` hold 0. */
  get pageCount(): number {
    return this.#pageCount;
  }

  /** Bytes of root and pool, spare room included. */
  get byteCount(): number {
    return this.#root.byteLength + this.#pool.byteLength;
  }

  /** Only whole leaves are added, so what is there must end with one. */
  grow(pageCount: number): void {
    assert(this.#pageCount % this.#leafPages === 0, 'what grows ends with a whole leaf');
    const leaves = Math.ceil(pageCount / this.#leafPages);
    if (leaves > this.#root.length) {
      const root = new Int32Array(leaves);
      root.set(this.#root);
      this.#root = root;
    }
    this.#pageCount = pageCount;
  }

  get(page: number): number {
    const entry = this.#root[page >>> this.#shift]!;
    if (entry < 0) return this.#pool[(~entry << this.#shift) + (page & this.#mask)]!;
    return entry === 0 ? 0 : entry + this.#rise * (page & this.#mask);
  }

  set(page: number, value: number): void {
    this.#setPart(page >>> this.#shift, page & this.#mask, (page & this.#mask) + 1, value);
  }

  setRun(firstPage: number, endPage: number, value: number): void {
    const rise = value === 0 ? 0 : this.#rise;
    for (let page = firstPage; page < endPage; ) {
      const leaf = page >>> this.#shift;
      const leafFirst = leaf * this.#leafPages;
      const end = Math.min(endPage, leafFirst + this.#leafPages);
      this.#setPart(leaf, page - leafFirst, end - leafFirst, value + rise * (page - firstPage));
      page = end;
    }
  }

  endOfRun(page: number, endPage: number): number {
    const leaf = page >>> this.#shift;
    const end = Math.min(endPage, (leaf + 1) * this.#leafPages);
    const entry = this.#root[leaf]!;
    return entry >= 0 ? end : this.#endWrittenOut(~entry << this.#shift, page, end);
  }

  next(value: number, firstPage: number, endPage: number): number {
    for (let page = firstPage; page < endPage; ) {
      const end = this.endOfRun(page, endPage);
      const first = this.get(page);
      if (first === value) return page;
      const at = page + value - first;
      if (first !== 0 && this.#rise === 1 && at > page && at < end) return at;
      page = end;
    }
    return endPage;
  }

  #endWrittenOut(place: number, page: number, end: number): number {
    const pool = this.#pool;
    const shift = place - (page - (page & this.#mask));
    const first = pool[page + shift]!;
    const rise = first === 0 ? 0 : this.#rise;
    let at = page + 1;
    while (at < end && pool[at + shift] === first + rise * (at - page)) at += 1;
    return at;
  }

  /** Pages [first, end) of one leaf. */
  #setPart(leaf: number, first: number, end: number, value: number): void {
    const entry = this.#root[leaf]!;
    if (end - first === this.#pagesOf(leaf)) {
      if (entry < 0) this.#free.push(~entry);
      this.#root[leaf] = value;
      return;
    }
    if (entry >= 0 && (entry === 0 ? value === 0 : value !== 0 && value === entry + this.#rise * first)) return;
    const place = entry < 0 ? ~entry : this.#writeOut(leaf, entry);
    this.#fill(place << this.#shift, first, end, value);
    this.#mergeIfRun(leaf, place);
  }

  #pagesOf(leaf: number): number {
    return Math.min(this.#leafPages, this.#pageCount - leaf * this.#leafPages);
  }

  #fill(at: number, first: number, end: number, value: number): void {
    const rise = value === 0 ? 0 : this.#rise;
    if (value > LARGEST_BYTE && this.#pool instanceof Uint8Array) this.#pool = Int32Array.from(this.#pool);
    if (rise === 0) {
      this.#pool.fill(value, at + first, at + end);
      return;
    }
    for (let index = first; index < end; index += 1) this.#pool[at + index] = value + index - first;
  }

  #writeOut(leaf: number, entry: number): number {
    const place = this.#free.pop() ?? this.#nextPlace();
    this.#root[leaf] = ~place;
    this.#fill(place << this.#shift, 0, this.#pagesOf(leaf), entry);
    return place;
  }

  #nextPlace(): number {
    const place = this.#poolEnd;
    this.#poolEnd += 1;
    if (this.#poolEnd << this.#shift > this.#pool.length) {
      const entries = 2 * this.#pool.length;
      const pool = this.#pool instanceof Uint8Array ? new Uint8Array(entries) : new Int32Array(entries);
      pool.set(this.#pool);
      this.#pool = pool;
    }
    return place;
  }

  /** The last page is looked at first: it tells most leaves that are filled page by page apart from a run. */
  #mergeIfRun(leaf: number, place: number): void {
    const pool = this.#pool;
    const at = place << this.#shift;
    const last = this.#pagesOf(leaf) - 1;
    const first = pool[at]!;
    const rise = first === 0 ? 0 : this.#rise;
    for (let index = last; index > 0; index -= 1) if (pool[at + index] !== first + rise * index) return;
    this.#free.push(place);
    this.#root[leaf] = first;
  }
}
