// SPDX-License-Identifier: MIT
/**
 * How the words of a state change when its two containers change names, found from pairs of a state and the same state
 * renamed: each word of the renamed one is a word of the other, or the same word with bits exchanged in pairs.
 *
 *   c0 comes, then c1     pages of c0 | pages of c1 | who is there
 *   c1 comes, then c0     pages of c1 | pages of c0 | who is there, bits exchanged
 *
 * Every pair leaves fewer possibilities; a word without any is one that cannot be renamed in this way.
 */
import { assert } from '@sda-lab/guest-memory';
import type { Renaming } from '../container-symmetry.ts';

/** Bits of a mask change places with those so many above them. */
export interface BitSwap {
  readonly shift: number;
  readonly mask: number;
}

/** Where a word of the renamed state comes from. */
export interface WordOrigin {
  readonly word: number;
  /** No bit is in two of them. */
  readonly swaps: readonly BitSwap[];
}

const WORD_BITS = 32;

export class ContainerRenaming {
  readonly #known: readonly WordOrigin[];
  /** By word, those that it may be, whole; itself first. */
  readonly #words: number[][];
  /** By word and bit, the mask of bits of the same word that it may be. */
  readonly #bits: Int32Array[];

  /** `known`: the first words, whose meaning the model knows; the others come from each other. */
  constructor(wordCount: number, known: readonly WordOrigin[]) {
    const others = Array.from({ length: wordCount - known.length }, (_, at) => known.length + at);
    this.#known = known;
    this.#words = others.map((own) => [own, ...others.filter((word) => word !== own)]);
    this.#bits = others.map(() => new Int32Array(WORD_BITS).fill(-1));
  }

  /** Takes in one pair; the first word for which nothing is possible any more, or undefined. */
  learn(words: Int32Array, renamed: Int32Array): number | undefined {
    for (const [word, origin] of this.#known.entries()) if (valueOf(origin, words) !== renamed[word]) return word;
    for (let at = 0; at < this.#words.length; at += 1) {
      const own = this.#known.length + at;
      const wanted = renamed[own]!;
      const possible = this.#words[at]!;
      if (possible.some((word) => words[word] !== wanted)) this.#words[at] = possible.filter((word) => words[word] === wanted);
      const canBeOwn = this.#learnBits(this.#bits[at]!, words[own]!, wanted);
      if (!canBeOwn && this.#words[at]!.length === 0) return own;
    }
    return undefined;
  }

  /** By word, its origin; renamed twice, every word is its own again. Undefined when the pairs allow no such choice. */
  origins(): readonly WordOrigin[] | undefined {
    const first = this.#known.length;
    const chosen: (WordOrigin | undefined)[] = [...this.#known, ...this.#words.map(() => undefined)];
    for (const [at, possible] of this.#words.entries()) {
      const own = first + at;
      if (chosen[own] !== undefined) continue;
      const word = possible.find((one) => chosen[one] === undefined && this.#words[one - first]!.includes(own));
      const origin = word === undefined ? this.#exchangedBits(at) : { word, swaps: [] };
      if (origin === undefined) return undefined;
      chosen[own] = origin;
      if (origin.word !== own) chosen[origin.word] = { word: own, swaps: [] };
    }
    return chosen as WordOrigin[];
  }

  /** False once some bit can be no bit of the word. */
  #learnBits(bits: Int32Array, word: number, wanted: number): boolean {
    let canBe = true;
    for (let bit = 0; bit < WORD_BITS; bit += 1) {
      bits[bit]! &= ((wanted >>> bit) & 1) === 1 ? word : ~word;
      if (bits[bit] === 0) canBe = false;
    }
    return canBe;
  }

  /** The word itself, each bit in its place if it may stay there, else exchanged with the first that fits. */
  #exchangedBits(at: number): WordOrigin | undefined {
    const bits = this.#bits[at]!;
    const taken = new Set<number>();
    const masks = new Map<number, number>();
    for (let bit = 0; bit < WORD_BITS; bit += 1) {
      if (taken.has(bit) || ((bits[bit]! >>> bit) & 1) === 1) continue;
      const other = firstBit(bit + 1, (one) => !taken.has(one) && ((bits[bit]! >>> one) & (bits[one]! >>> bit) & 1) === 1);
      if (other === undefined) return undefined;
      taken.add(other);
      masks.set(other - bit, (masks.get(other - bit) ?? 0) | (1 << bit));
    }
    return { word: this.#known.length + at, swaps: [...masks].map(([shift, mask]) => ({ shift, mask })) };
  }
}

/** The renaming that takes each word from where it comes. */
export function renamingOf(origins: readonly WordOrigin[]): Renaming {
  return (words, at, to) => {
    assert(words !== to, 'a renamed state is written elsewhere');
    for (let word = 0; word < origins.length; word += 1) {
      const { word: from, swaps } = origins[word]!;
      to[word] = withSwaps(words[at + from]!, swaps);
    }
  };
}

function valueOf({ word, swaps }: WordOrigin, words: Int32Array): number {
  return withSwaps(words[word]!, swaps);
}

function withSwaps(word: number, swaps: readonly BitSwap[]): number {
  let swapped = word;
  for (let at = 0; at < swaps.length; at += 1) {
    const { shift, mask } = swaps[at]!;
    const differ = ((swapped >>> shift) ^ swapped) & mask;
    swapped ^= differ | (differ << shift);
  }
  return swapped;
}

function firstBit(from: number, fits: (bit: number) => boolean): number | undefined {
  for (let bit = from; bit < WORD_BITS; bit += 1) if (fits(bit)) return bit;
  return undefined;
}
