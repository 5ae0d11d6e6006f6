// SPDX-License-Identifier: MIT
/** The flat bitmap in C, or the reason why it is not there. Its functions are described in `native/flat-bits.c`. */
import { loadNative, type Native } from '../../native/load-native.ts';

export interface FlatBits {
  replay(words: Int32Array, boundBits: number, firstBit: number, endBit: number, set: number): number;
  replayBoth(one: Int32Array, other: Int32Array, bitCount: number): number;
  replayEach(words: Int32Array, starts: Int32Array, count: number, bitsEach: number, boundBits: number): number;
  classify(words: Int32Array, starts: Int32Array, count: number, bitsEach: number, boundBits: number): number;
  fill(words: Int32Array, starts: Int32Array, count: number, bitsEach: number, set: number): number;
  next(words: Int32Array, starts: Int32Array, count: number, bitCount: number, set: number): number;
  popcount(words: Int32Array, starts: Int32Array, count: number, bitsEach: number): number;
}

let loaded: Native<FlatBits> | undefined;

export function flatBits(): Native<FlatBits> {
  loaded ??= loadNative<FlatBits>('flat-bits.c');
  return loaded;
}
