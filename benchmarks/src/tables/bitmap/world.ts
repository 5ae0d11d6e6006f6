// SPDX-License-Identifier: MIT
/** One pattern in the forms that are compared: a flat array for C and the naive loops, and our bitmap. */
import { Bitmap } from '@sda-lab/core-bitmap';
import { generator } from '../../harness/statistics.ts';
import type { LeftOut, Size, Subject } from '../../harness/table.ts';
import { type FlatBits, flatBits } from './flat-bits.ts';
import { naiveFill } from './naive.ts';
import { PAGES_1G, PATTERNS, type PatternName } from './patterns.ts';

export interface Scale {
  readonly name: string;
  readonly bitCount: number;
}

const SCALES: Readonly<Record<Size, readonly Scale[]>> = {
  full: [
    { name: '16 GiB', bitCount: 16 * PAGES_1G },
    { name: '1 TiB', bitCount: 1024 * PAGES_1G },
  ],
  small: [{ name: '256 MiB', bitCount: PAGES_1G / 4 }],
};

export const OURS = 'core-bitmap';
export const NAIVE = 'naive typed array';
export const C_RANGE = "C, the range's bound";
export const C_WHOLE = "C, the whole bitmap's bound";

export function scalesOf(size: Size): readonly Scale[] {
  return SCALES[size];
}

export interface World {
  readonly bits: Bitmap;
  readonly words: Int32Array;
}

export function createWorld(name: PatternName, bitCount: number): World {
  const bits = new Bitmap(bitCount);
  const words = new Int32Array(bitCount / 32);
  PATTERNS[name](bitCount, (firstBit, endBit) => {
    bits.set(firstBit, endBit);
    naiveFill(words, firstBit, endBit, -1);
  });
  return { bits, words };
}

const WINDOW_SEED = 1_000_000;

/** First bits of `count` windows of `bitsEach`, aligned to `align`, anywhere. */
export function windows(bitCount: number, count: number, bitsEach: number, align: number): Int32Array {
  // Not the seed of a pattern: it would ask where that pattern wrote.
  const random = generator(WINDOW_SEED + bitsEach);
  const places = Math.floor((bitCount - bitsEach) / align) + 1;
  return Int32Array.from({ length: count }, () => Math.floor(random() * places) * align);
}

/** The subjects in C when there is a compiler, and what is left out when not. */
export function inC(names: readonly string[], make: (c: FlatBits) => readonly Subject[]): { readonly subjects: readonly Subject[]; readonly leftOut: readonly LeftOut[] } {
  const native = flatBits();
  if ('reason' in native) return { subjects: [], leftOut: names.map((name) => ({ name, reason: native.reason })) };
  return { subjects: make(native.functions), leftOut: [] };
}

/** Without C the others are compared with the naive loops. */
export function baselineOf(c: { readonly subjects: readonly Subject[] }, name: string = C_RANGE): string {
  return c.subjects.length > 0 ? name : NAIVE;
}
