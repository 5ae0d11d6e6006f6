// SPDX-License-Identifier: MIT
/**
 * Which frame each IOVA page leads to: the leaves of an IO page table as a flat map, 0 where nothing is mapped.
 * Chunks of 4096 entries, so that a sparse address space costs what it uses and neighbours share a cache line.
 */
const CHUNK_PAGES = 4096;

export class FrameMap {
  readonly #chunks = new Map<number, Int32Array>();
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
}
