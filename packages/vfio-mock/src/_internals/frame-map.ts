// SPDX-License-Identifier: MIT
/**
 * Which frame each IOVA page leads to: the leaves of an IO page table as a flat map, 0 where nothing is mapped.
 * Chunks of 4096 entries, so that a sparse address space costs what it uses and neighbours share a cache line.
 */
import { assert } from '@sda-lab/guest-memory';

const CHUNK_PAGES = 4096;

export class FrameMap {
  readonly #chunks = new Map<number, Int32Array>();
  #isGathered = false;
  #lastKey = -1;
  #lastChunk: Int32Array = new Int32Array(0);

  get(page: number): number {
    const key = Math.floor(page / CHUNK_PAGES);
    if (key === this.#lastKey) return this.#lastChunk[page - key * CHUNK_PAGES]!;
    const chunk = this.#chunks.get(key);
    if (chunk === undefined) return 0;
    this.#lastKey = key;
    this.#lastChunk = chunk;
    return chunk[page - key * CHUNK_PAGES]!;
  }

  set(page: number, frame: number): void {
    const key = Math.floor(page / CHUNK_PAGES);
    if (key !== this.#lastKey) {
      let chunk = this.#chunks.get(key);
      if (chunk === undefined) {
        chunk = new Int32Array(CHUNK_PAGES);
        this.#chunks.set(key, chunk);
      }
      this.#lastKey = key;
      this.#lastChunk = chunk;
    }
    this.#lastChunk[page - key * CHUNK_PAGES] = frame;
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
    this.#lastKey = -1;
    const chunkOf = (page: number): number => keys.indexOf(Math.floor(page / CHUNK_PAGES));
    return { entries, indexes: Int32Array.from(pages, (page) => chunkOf(page) * CHUNK_PAGES + (page % CHUNK_PAGES)) };
  }
}
