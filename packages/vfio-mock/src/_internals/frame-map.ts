// SPDX-License-Identifier: MIT
/**
 * Which frame each IOVA page leads to: the leaves of an IO page table as a flat map, 0 where nothing is mapped.
 * Chunks of 4096 entries, so that a sparse address space costs what it uses and neighbours share a cache line.
 * Frames of consecutive identity are a run; here each is kept by itself (run-frame-map.ts: all at once).
 */
import { assert } from '@sda-lab/guest-memory';

const CHUNK_PAGES = 4096;
/** Places of a cache of chunks: a sparse address space is a few chunks, asked for in turns. */
const CACHE_BITS = 4;
const NO_CHUNK = new Int32Array(0);

export class FrameMap {
  readonly #chunks = new Map<number, Int32Array>();
  #isGathered = false;
  readonly #cachedKeys = new Float64Array(2 ** CACHE_BITS).fill(-1);
  readonly #cached: Int32Array[] = Array.from({ length: 2 ** CACHE_BITS }, () => NO_CHUNK);

  get(page: number): number {
    const key = Math.floor(page / CHUNK_PAGES);
    const chunk = this.#find(key);
    return chunk.length === 0 ? 0 : chunk[page - key * CHUNK_PAGES]!;
  }

  /** The entry, which is 0 from now on. */
  take(page: number): number {
    const key = Math.floor(page / CHUNK_PAGES);
    const chunk = this.#find(key);
    if (chunk.length === 0) return 0;
    const frame = chunk[page - key * CHUNK_PAGES]!;
    chunk[page - key * CHUNK_PAGES] = 0;
    return frame;
  }

  set(page: number, frame: number): void {
    const key = Math.floor(page / CHUNK_PAGES);
    let chunk = this.#find(key);
    if (chunk.length === 0) chunk = this.#make(key);
    chunk[page - key * CHUNK_PAGES] = frame;
  }

  /** Pages of a run lead to frames of consecutive identity from now on, or nowhere (0). */
  setRun(firstPage: number, endPage: number, frame: number): void {
    for (let page = firstPage; page < endPage; page += 1) this.set(page, frame === 0 ? 0 : frame + page - firstPage);
  }

  /** Where the entries stop to be a run; `endPage` at the latest, and it may be earlier. */
  endOfRun(page: number, _endPage: number): number {
    return page + 1;
  }

  /** Takes a run of pages out, telling the frames of those that led somewhere, by runs. */
  takeRun(firstPage: number, endPage: number, tell: (frame: number, count: number) => void): void {
    for (let page = firstPage; page < endPage; ) {
      const end = this.endOfRun(page, endPage);
      const frame = this.get(page);
      if (frame !== 0) {
        this.setRun(page, end, 0);
        tell(frame, end - page);
      }
      page = end;
    }
  }

  /** The entries of so many pages, from index `at` on. */
  read(firstPage: number, pageCount: number, frames: Int32Array, at: number): void {
    const endPage = firstPage + pageCount;
    let index = at;
    for (let page = firstPage; page < endPage; ) {
      const key = Math.floor(page / CHUNK_PAGES);
      const chunk = this.#find(key);
      const first = key * CHUNK_PAGES;
      const end = Math.min(endPage, first + CHUNK_PAGES);
      for (; page < end; page += 1) {
        frames[index] = chunk.length === 0 ? 0 : chunk[page - first]!;
        index += 1;
      }
    }
  }

  /** Empty when nobody has made it. */
  #find(key: number): Int32Array {
    const place = placeOf(key);
    return this.#cachedKeys[place] === key ? this.#cached[place]! : this.#lookUp(key, place);
  }

  #lookUp(key: number, place: number): Int32Array {
    const chunk = this.#chunks.get(key);
    if (chunk === undefined) return NO_CHUNK;
    this.#cachedKeys[place] = key;
    this.#cached[place] = chunk;
    return chunk;
  }

  #make(key: number): Int32Array {
    const chunk = new Int32Array(CHUNK_PAGES);
    this.#chunks.set(key, chunk);
    return chunk;
  }

  /**
   * The entries of some pages in one array, for good, with the index of each: for who comes back to the same pages a
   * million times. Once per map.
   */
  gather(pages: readonly number[]): { readonly entries: Int32Array; readonly indexes: Int32Array } {
    assert(!this.#isGathered, 'the pages of a frame map are gathered once');
    this.#isGathered = true;
    const keys = [...new Set(pages.map((page) => Math.floor(page / CHUNK_PAGES)))];
    const entries = new Int32Array(keys.length * CHUNK_PAGES);
    for (const [at, key] of keys.entries()) {
      const chunk = entries.subarray(at * CHUNK_PAGES, (at + 1) * CHUNK_PAGES);
      const present = this.#chunks.get(key);
      if (present !== undefined) chunk.set(present);
      this.#chunks.set(key, chunk);
    }
    this.#cachedKeys.fill(-1);
    const chunkOf = (page: number): number => keys.indexOf(Math.floor(page / CHUNK_PAGES));
    return { entries, indexes: Int32Array.from(pages, (page) => chunkOf(page) * CHUNK_PAGES + (page % CHUNK_PAGES)) };
  }
}

/** Keys that lie far apart differ in high bits only, so those are mixed in. */
function placeOf(key: number): number {
  return Math.imul(key, 0x9e37_79b1) >>> (32 - CACHE_BITS);
}
