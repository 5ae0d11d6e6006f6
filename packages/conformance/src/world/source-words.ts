// SPDX-License-Identifier: MIT
/**
 * Words of which plug sources have joined: a bit each, by device index. A load calls nobody: what joining changed in the
 * design, the judge and the memory is loaded with the words of those.
 */
import type { Words } from '@sda-lab/guest-memory';

export class SourceWords implements Words {
  readonly count: number;
  readonly #joined: Uint8Array;

  /** By device index: 1 = joined. */
  constructor(joined: Uint8Array) {
    this.#joined = joined;
    this.count = Math.ceil(joined.length / 32);
  }

  store(words: Int32Array, at: number): void {
    for (let word = 0; word < this.count; word += 1) words[at + word] = 0;
    for (let device = 0; device < this.#joined.length; device += 1) {
      if (this.#joined[device] === 1) words[at + (device >>> 5)]! |= 1 << (device & 31);
    }
  }

  load(words: Int32Array, at: number): void {
    for (let device = 0; device < this.#joined.length; device += 1) {
      this.#joined[device] = (words[at + (device >>> 5)]! >>> (device & 31)) & 1;
    }
  }
}
