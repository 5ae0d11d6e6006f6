// SPDX-License-Identifier: MIT
/**
 * Words of a design: its bitmaps, one after the other, then whatever else it remembers. Bitmaps have a line of their
 * own, which is several times as fast as one that stores all kinds.
 */
import type { Bitmap } from '@sda-lab/core-bitmap';
import type { Words } from '../ports/words.ts';

export class DesignWords implements Words {
  readonly count: number;
  isWhole: boolean = true;
  readonly #bitmaps: readonly Bitmap[];
  readonly #parts: readonly Words[];

  constructor(bitmaps: readonly Bitmap[], parts: readonly Words[]) {
    this.#bitmaps = bitmaps;
    this.#parts = parts;
    const bitmapWords = bitmaps.reduce((sum, { wordCount }) => sum + wordCount, 0);
    this.count = parts.reduce((sum, { count }) => sum + count, bitmapWords);
  }

  store(words: Int32Array, at: number): void {
    let index = at;
    for (let which = 0; which < this.#bitmaps.length; which += 1) {
      const bitmap = this.#bitmaps[which]!;
      bitmap.storeWords(words, index);
      index += bitmap.wordCount;
    }
    let isWhole = true;
    for (const part of this.#parts) {
      part.store(words, index);
      index += part.count;
      isWhole &&= part.isWhole !== false;
    }
    this.isWhole = isWhole;
  }

  load(words: Int32Array, at: number): void {
    let index = at;
    for (let which = 0; which < this.#bitmaps.length; which += 1) {
      const bitmap = this.#bitmaps[which]!;
      bitmap.loadWords(words, index);
      index += bitmap.wordCount;
    }
    for (const part of this.#parts) {
      part.load(words, index);
      index += part.count;
    }
  }
}
