// SPDX-License-Identifier: MIT
/**
 * Sets of 512 places each, in a pool: which of them are in use, with one more word per set that says which of its 16
 * words are not empty, so that a search for the next or the previous place reads two words.
 */
import { grownInt32 } from './grown.ts';

export const PLACES = 512;
const WORDS = 16;
/** Words of a set, the sum included. */
export const SET_WORDS = 17;

export class BeginBits {
  /** Per set: 16 words, then their sum, one bit per word that is not 0. */
  words: Int32Array = new Int32Array(0);

  grow(sets: number): void {
    this.words = grownInt32(this.words, sets * SET_WORDS);
  }

  has(set: number, place: number): boolean {
    return ((this.words[set * SET_WORDS + (place >>> 5)]! >>> (place & 31)) & 1) === 1;
  }

  add(set: number, place: number): void {
    const at = set * SET_WORDS + (place >>> 5);
    const word = this.words[at]!;
    if (word === 0) this.words[set * SET_WORDS + WORDS]! |= 1 << (place >>> 5);
    this.words[at] = word | (1 << (place & 31));
  }

  /** Answers whether the set is empty now. */
  drop(set: number, place: number): boolean {
    const at = set * SET_WORDS + (place >>> 5);
    const word = this.words[at]! & ~(1 << (place & 31));
    this.words[at] = word;
    if (word !== 0) return false;
    const sum = this.words[set * SET_WORDS + WORDS]! & ~(1 << (place >>> 5));
    this.words[set * SET_WORDS + WORDS] = sum;
    return sum === 0;
  }

  /** Drops a place unless it is not in use or the last one of the set; answers whether it did. */
  dropOther(set: number, place: number): boolean {
    const at = set * SET_WORDS + (place >>> 5);
    const before = this.words[at]!;
    const bit = 1 << (place & 31);
    if ((before & bit) === 0) return false;
    const word = before & ~bit;
    if (word === 0) {
      const sum = this.words[set * SET_WORDS + WORDS]! & ~(1 << (place >>> 5));
      if (sum === 0) return false;
      this.words[set * SET_WORDS + WORDS] = sum;
    }
    this.words[at] = word;
    return true;
  }

  /** The last place in use at or before `place` (-1 is before all); -1 when there is none. */
  upTo(set: number, place: number): number {
    if (place < 0) return -1;
    const at = place >>> 5;
    const word = this.words[set * SET_WORDS + at]! & ((2 << (place & 31)) - 1);
    if (word !== 0) return (at << 5) + 31 - Math.clz32(word);
    return this.#lastIn(set, this.words[set * SET_WORDS + WORDS]! & ((1 << at) - 1));
  }

  /** The first place in use at or after `place` (up to 512, which is after all); -1 when there is none. */
  from(set: number, place: number): number {
    if (place >= PLACES) return -1;
    const at = place >>> 5;
    const word = this.words[set * SET_WORDS + at]! & (-1 << (place & 31));
    if (word !== 0) return (at << 5) + 31 - Math.clz32(word & -word);
    return this.#firstIn(set, this.words[set * SET_WORDS + WORDS]! & (-2 << at));
  }

  get byteCount(): number {
    return this.words.byteLength;
  }

  #lastIn(set: number, sum: number): number {
    if (sum === 0) return -1;
    const at = 31 - Math.clz32(sum);
    return (at << 5) + 31 - Math.clz32(this.words[set * SET_WORDS + at]!);
  }

  #firstIn(set: number, sum: number): number {
    if (sum === 0) return -1;
    const at = 31 - Math.clz32(sum & -sum);
    const word = this.words[set * SET_WORDS + at]!;
    return (at << 5) + 31 - Math.clz32(word & -word);
  }
}
