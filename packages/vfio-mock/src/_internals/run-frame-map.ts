// SPDX-License-Identifier: MIT
/**
 * `FrameMap` by runs: where neighbouring pages lead to neighbouring frames, an entry for each 2 MiB. Windows of 1 GiB,
 * so that a sparse address space costs what it uses. Not covered: words for a search, which works in exact storage.
 */
import { assert, RunNumbers } from '@sda-lab/guest-memory';
import { FrameMap } from './frame-map.ts';

const WINDOW_PAGES = 512 * 512;

export class RunFrameMap extends FrameMap {
  readonly #leafPages: number;
  readonly #windows = new Map<number, RunNumbers>();
  #lastKey = -1;
  #last: RunNumbers | undefined = undefined;

  constructor(leafPages: number) {
    super();
    this.#leafPages = leafPages;
  }

  override get(page: number): number {
    const key = Math.floor(page / WINDOW_PAGES);
    return this.#find(key)?.get(page - key * WINDOW_PAGES) ?? 0;
  }

  override take(page: number): number {
    const frame = this.get(page);
    if (frame !== 0) this.setRun(page, page + 1, 0);
    return frame;
  }

  override set(page: number, frame: number): void {
    this.setRun(page, page + 1, frame);
  }

  override setRun(firstPage: number, endPage: number, frame: number): void {
    const rise = frame === 0 ? 0 : 1;
    for (let page = firstPage; page < endPage; ) {
      const key = Math.floor(page / WINDOW_PAGES);
      const first = key * WINDOW_PAGES;
      const end = Math.min(endPage, first + WINDOW_PAGES);
      this.#make(key).setRun(page - first, end - first, frame + rise * (page - firstPage));
      page = end;
    }
  }

  override endOfRun(page: number, endPage: number): number {
    const key = Math.floor(page / WINDOW_PAGES);
    const first = key * WINDOW_PAGES;
    const end = Math.min(endPage, first + WINDOW_PAGES);
    const window = this.#find(key);
    return window === undefined ? end : first + window.endOfRun(page - first, end - first);
  }

  override read(firstPage: number, pageCount: number, frames: Int32Array, at: number): void {
    for (let offset = 0; offset < pageCount; offset += 1) frames[at + offset] = this.get(firstPage + offset);
  }

  override gather(): never {
    assert(false, 'words are those of a container in exact storage');
  }

  #find(key: number): RunNumbers | undefined {
    if (key !== this.#lastKey) {
      this.#last = this.#windows.get(key);
      this.#lastKey = key;
    }
    return this.#last;
  }

  #make(key: number): RunNumbers {
    const present = this.#find(key);
    if (present !== undefined) return present;
    const window = new RunNumbers('identities', WINDOW_PAGES, this.#leafPages);
    this.#windows.set(key, window);
    this.#last = window;
    return window;
  }
}
