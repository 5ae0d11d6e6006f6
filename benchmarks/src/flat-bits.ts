// SPDX-License-Identifier: MIT
// The other side of the comparison: one bit per page in a flat array, classified by a loop over its words.
// It is warm, typed and stops at the first word that decides, so it is no straw man.

export type FlatOccupancy = 'clear' | 'set' | 'mixed';

export class FlatBits {
  readonly #words: Int32Array;

  constructor(bitCount: number) {
    this.#words = new Int32Array(Math.ceil(bitCount / 32));
  }

  set(firstBit: number, endBit: number): void {
    for (let bit = firstBit; bit < endBit; bit += 1) this.#words[bit >>> 5] = this.#word(bit >>> 5) | (1 << (bit & 31));
  }

  /** The range is `[firstBit, endBit)` and not empty. */
  classify(firstBit: number, endBit: number): FlatOccupancy {
    const firstWord = firstBit >>> 5;
    const lastWord = (endBit - 1) >>> 5;
    const head = -1 << (firstBit & 31);
    const tail = -1 >>> (31 - ((endBit - 1) & 31));
    const want = (this.#word(firstWord) >> (firstBit & 31)) & 1 ? -1 : 0;
    for (let word = firstWord; word <= lastWord; word += 1) {
      let mask = -1;
      if (word === firstWord) mask &= head;
      if (word === lastWord) mask &= tail;
      if (((this.#word(word) ^ want) & mask) !== 0) return 'mixed';
    }
    return want === 0 ? 'clear' : 'set';
  }

  #word(index: number): number {
    return this.#words[index] ?? 0;
  }
}
