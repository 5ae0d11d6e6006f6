// SPDX-License-Identifier: MIT
/*
 * One bit per page of a RAM block, stored like an EPT: uniform 1 GiB and 2 MiB regions cost nothing. A bitmap of at
 * most 32 bits is one number instead; which form it has shows nowhere but in speed and memory.
 *
 * Lifecycle: all bits clear at construction, which allocates less than a hundred bytes of bits; memory grows
 * with the number of 2 MiB regions that hold more than one run and is used again as they become uniform; when none is
 * left, up to 2 MiB of nodes and of leaves each are kept.
 *
 * Words: a range of bits as plain 32-bit words, bit 0 of the range in bit 0 of the first word, 0 above the last bit.
 * Equal bits are equal words, however they came about and whatever form holds them.
 *
 * Does not cover: resizing, set algebra that builds a new bitmap (walk the runs of several instead), more than
 * 2^31 bits (8 TiB of 4 KiB pages; use one bitmap per RAM block).
 */
import { checkBit, checkBitCount, checkNonEmptyRange, checkRange, checkWords } from './_internals/check.ts';
import { classify, testBit } from './_internals/classify.ts';
import { count } from './_internals/count.ts';
import { fill } from './_internals/fill.ts';
import { find } from './_internals/find.ts';
import { ALL_CLEAR, ALL_SET, Radix } from './_internals/radix.ts';
import { walkRuns } from './_internals/runs.ts';
import { classifySmall, countSmall, findSmall, maskOf, SMALL_BIT_COUNT } from './_internals/small.ts';
import { readWord, writeWord } from './_internals/window.ts';
import type { EmitBits } from './emit-bits.ts';
import type { Occupancy } from './occupancy.ts';
import type { ReadonlyBitmap } from './readonly-bitmap.ts';

/**
 * For the walks of this package: the bits of a small bitmap; undefined for a large one, and for a reader of another kind.
 */
export let smallBitsOf: (bits: ReadonlyBitmap) => number | undefined;

/** For the same walks: the tree of a large bitmap; undefined for a small one, and for a reader of another kind. */
export let treeOf: (bits: ReadonlyBitmap) => Radix | undefined;

/** `flip` of a search: what to xor so that the bit looked for reads 1. */
const LOOK_FOR_SET = 0;
const LOOK_FOR_CLEAR = -1;

/** @public */
export class Bitmap implements ReadonlyBitmap {
  readonly bitCount: number;
  /** 32-bit words that hold all bits. */
  readonly wordCount: number;
  /** Undefined for a small bitmap, whose bits are `#small`. */
  readonly #tree: Radix | undefined;
  #small = 0;

  static {
    smallBitsOf = (bits) => (#small in bits && bits.#tree === undefined ? bits.#small : undefined);
    treeOf = (bits) => (#tree in bits ? bits.#tree : undefined);
  }

  /** @param bitCount - 1 to 2^31, both included. */
  constructor(bitCount: number) {
    checkBitCount(bitCount);
    this.bitCount = bitCount;
    this.wordCount = Math.ceil(bitCount / 32);
    this.#tree = bitCount <= SMALL_BIT_COUNT ? undefined : new Radix(bitCount);
  }

  /** Bytes of the arrays held now, free records included; the fixed size of the object is not counted. */
  get byteCount(): number {
    return this.#tree?.byteCount() ?? 0;
  }

  set(firstBit: number, endBit: number): void {
    checkRange('set', firstBit, endBit, this.bitCount);
    const tree = this.#tree;
    if (firstBit === endBit) return;
    if (tree === undefined) this.#fillSmall(firstBit, endBit, ALL_SET);
    else fill(tree, firstBit, endBit - 1, ALL_SET);
  }

  clear(firstBit: number, endBit: number): void {
    checkRange('clear', firstBit, endBit, this.bitCount);
    const tree = this.#tree;
    if (firstBit === endBit) return;
    if (tree === undefined) this.#fillSmall(firstBit, endBit, ALL_CLEAR);
    else fill(tree, firstBit, endBit - 1, ALL_CLEAR);
  }

  assign(firstBit: number, endBit: number, value: boolean): void {
    checkRange('assign', firstBit, endBit, this.bitCount);
    const tree = this.#tree;
    if (firstBit === endBit) return;
    if (tree === undefined) this.#fillSmall(firstBit, endBit, value ? ALL_SET : ALL_CLEAR);
    else fill(tree, firstBit, endBit - 1, value ? ALL_SET : ALL_CLEAR);
  }

  test(bit: number): boolean {
    checkBit('test', bit, this.bitCount);
    return this.#tree === undefined ? ((this.#small >>> bit) & 1) === 1 : testBit(this.#tree, bit);
  }

  classify(firstBit: number, endBit: number): Occupancy {
    checkNonEmptyRange('classify', firstBit, endBit, this.bitCount);
    const tree = this.#tree;
    return tree === undefined ? classifySmall(this.#small, firstBit, endBit) : classify(tree, firstBit, endBit - 1);
  }

  allSet(firstBit: number, endBit: number): boolean {
    checkNonEmptyRange('allSet', firstBit, endBit, this.bitCount);
    return this.#next(firstBit, endBit, LOOK_FOR_CLEAR) === endBit;
  }

  allClear(firstBit: number, endBit: number): boolean {
    checkNonEmptyRange('allClear', firstBit, endBit, this.bitCount);
    return this.#next(firstBit, endBit, LOOK_FOR_SET) === endBit;
  }

  nextSet(fromBit: number, endBit: number): number {
    checkRange('nextSet', fromBit, endBit, this.bitCount);
    return this.#next(fromBit, endBit, LOOK_FOR_SET);
  }

  nextClear(fromBit: number, endBit: number): number {
    checkRange('nextClear', fromBit, endBit, this.bitCount);
    return this.#next(fromBit, endBit, LOOK_FOR_CLEAR);
  }

  popcount(firstBit: number, endBit: number): number {
    checkRange('popcount', firstBit, endBit, this.bitCount);
    if (firstBit === endBit) return 0;
    if (this.#tree === undefined) return countSmall(this.#small, firstBit, endBit);
    return count(this.#tree, firstBit, endBit - 1);
  }

  forEachSetRun(firstBit: number, endBit: number, emit: EmitBits): number {
    checkRange('forEachSetRun', firstBit, endBit, this.bitCount);
    return this.#walk(firstBit, endBit, LOOK_FOR_SET, emit);
  }

  forEachClearRun(firstBit: number, endBit: number, emit: EmitBits): number {
    checkRange('forEachClearRun', firstBit, endBit, this.bitCount);
    return this.#walk(firstBit, endBit, LOOK_FOR_CLEAR, emit);
  }

  /**
   * Writes the bits of `[firstBit, endBit)` to `words`, from index `at` on, in as many words as they need.
   * @param firstBit - @defaultValue 0
   * @param endBit - @defaultValue bitCount
   */
  storeWords(words: Int32Array, at: number, firstBit?: number, endBit?: number): void {
    // The common case: all of a small bitmap, and a legal place for its word.
    const isWhole = firstBit === undefined && endBit === undefined;
    if (isWhole && this.#tree === undefined && at >>> 0 === at && at < words.length) words[at] = this.#small;
    else this.#storeRange(words, at, firstBit ?? 0, endBit ?? this.bitCount);
  }

  #storeRange(words: Int32Array, at: number, firstBit: number, endBit: number): void {
    checkRange('storeWords', firstBit, endBit, this.bitCount);
    checkWords('storeWords', words, at, firstBit, endBit);
    const tree = this.#tree;
    let index = at;
    for (let first = firstBit; first < endBit; first += 32) {
      const bitsHere = Math.min(32, endBit - first);
      words[index] = tree === undefined
        ? (this.#small & maskOf(first, first + bitsHere)) >>> first
        : readWord(tree, first, bitsHere);
      index += 1;
    }
  }

  /**
   * Gives `[firstBit, endBit)` the bits that `storeWords` wrote; what a word holds above the last bit is not looked at.
   * @param firstBit - @defaultValue 0
   * @param endBit - @defaultValue bitCount
   */
  loadWords(words: Int32Array, at: number, firstBit?: number, endBit?: number): void {
    const isWhole = firstBit === undefined && endBit === undefined;
    const isOneWord = isWhole && this.#tree === undefined && at >>> 0 === at && at < words.length;
    if (isOneWord) this.#small = words[at]! & maskOf(0, this.bitCount);
    else this.#loadRange(words, at, firstBit ?? 0, endBit ?? this.bitCount);
  }

  #loadRange(words: Int32Array, at: number, firstBit: number, endBit: number): void {
    checkRange('loadWords', firstBit, endBit, this.bitCount);
    checkWords('loadWords', words, at, firstBit, endBit);
    const tree = this.#tree;
    let index = at;
    for (let first = firstBit; first < endBit; first += 32) {
      const bitsHere = Math.min(32, endBit - first);
      if (tree === undefined) this.#loadSmall(words[index]!, first, first + bitsHere);
      else writeWord(tree, first, bitsHere, words[index]!);
      index += 1;
    }
  }

  #loadSmall(word: number, firstBit: number, endBit: number): void {
    const mask = maskOf(firstBit, endBit);
    this.#small = (this.#small & ~mask) | ((word << firstBit) & mask);
  }

  /** The range is not empty. */
  #fillSmall(firstBit: number, endBit: number, value: number): void {
    const mask = maskOf(firstBit, endBit);
    this.#small = (this.#small & ~mask) | (value & mask);
  }

  #next(fromBit: number, endBit: number, flip: number): number {
    if (this.#tree === undefined) return findSmall(this.#small, fromBit, endBit, flip);
    const found = fromBit < endBit ? find(this.#tree, fromBit, endBit - 1, flip) : -1;
    return found < 0 ? endBit : found;
  }

  #walk(firstBit: number, endBit: number, flip: number, emit: EmitBits): number {
    if (this.#tree !== undefined) return walkRuns(this.#tree, firstBit, endBit - 1, flip, emit);
    let from = firstBit;
    while (from < endBit) {
      const start = findSmall(this.#small, from, endBit, flip);
      if (start === endBit) return 0;
      const end = findSmall(this.#small, start, endBit, ~flip);
      const stop = emit(start, end);
      if (stop !== 0) return stop;
      from = end;
    }
    return 0;
  }
}
