// SPDX-License-Identifier: MIT
/*
 * Records of equal size in one Int32Array, addressed by word offset.
 *
 * Lifecycle: empty (no memory) -> take() hands out a record, growing the array when none is free -> give()
 * puts a record on the free list (its first word links to the next free one) -> with the last record given
 * back an array of more than 2 MiB is dropped, a smaller one kept.
 * Does not cover what is in a record: the taker fills it. Does not move records, so offsets stay valid, but
 * `words` is another array after take() and give(): read it again after either.
 */

/** Up to this size the array doubles; beyond it grows by an eighth, so little is held for nothing. */
const DOUBLING_LIMIT_WORDS = 16_384;

/**
 * An array up to this size (2 MiB, a 16th of a flat bitmap of 1 TiB) is kept when it falls empty, so that what is set and
 * cleared again and again does not allocate each time.
 */
const KEPT_WORDS = 1 << 19;

const NO_WORDS: Int32Array = new Int32Array(0);

export class Pool {
  words: Int32Array = NO_WORDS;
  readonly #wordsPerRecord: number;
  readonly #maxWords: number;
  #usedWords = 0;
  #liveRecords = 0;
  /** Offset + 1 of the first free record; 0 when none. */
  #free = 0;

  constructor(wordsPerRecord: number, maxRecords: number) {
    this.#wordsPerRecord = wordsPerRecord;
    this.#maxWords = wordsPerRecord * maxRecords;
  }

  take(): number {
    this.#liveRecords += 1;
    if (this.#free > 0) {
      const offset = this.#free - 1;
      this.#free = this.words[offset]!;
      return offset;
    }
    const offset = this.#usedWords;
    this.#usedWords += this.#wordsPerRecord;
    if (this.#usedWords > this.words.length) this.#grow();
    return offset;
  }

  give(offset: number): void {
    this.#liveRecords -= 1;
    if (this.#liveRecords === 0) {
      this.#forgetAll();
      return;
    }
    this.words[offset] = this.#free;
    this.#free = offset + 1;
  }

  #forgetAll(): void {
    this.#usedWords = 0;
    this.#free = 0;
    if (this.words.length > KEPT_WORDS) this.words = NO_WORDS;
  }

  #grow(): void {
    // A write past the end of a typed array would be lost in silence.
    if (this.#usedWords > this.#maxWords) throw new Error(`Pool: more than ${this.#maxWords} words are in use`);
    const held = this.words.length;
    const records = Math.ceil(held / (held < DOUBLING_LIMIT_WORDS ? 1 : 8) / this.#wordsPerRecord);
    const wanted = held + Math.max(1, records) * this.#wordsPerRecord;
    const grown = new Int32Array(Math.min(wanted, this.#maxWords));
    grown.set(this.words);
    this.words = grown;
  }
}
