// SPDX-License-Identifier: MIT
/** What guests' bitmaps look like: each pattern as the runs that are set, ascending and apart, of any number of pages. */
import { generator } from '../../harness/statistics.ts';

const PAGES_2M = 512;
export const PAGES_1G = 262_144;
const SCATTERED = 1000;
const SPARSE_FIRST = 1000;
const MEAN_RUN = 16;

export type SetRun = (firstBit: number, endBit: number) => void;
export type Pattern = (bitCount: number, set: SetRun) => void;

/** One run in every gigabyte that starts and ends in the middle of 2 MiB. */
function sparse(bitCount: number, set: SetRun): void {
  const stride = Math.min(PAGES_1G, bitCount / 2);
  for (let first = 0; first < bitCount; first += stride) set(first + SPARSE_FIRST, first + SPARSE_FIRST + PAGES_2M);
}

/** What a confidential guest shares after boot: a bounce buffer of a gigabyte and single pages anywhere. */
function swiotlb(bitCount: number, set: SetRun): void {
  const random = generator(1);
  const buffer = Math.min(PAGES_1G, bitCount / 4);
  const pages = new Set(Array.from({ length: SCATTERED }, () => Math.floor(random() * bitCount)));
  for (const page of pages) set(page, page + 1);
  set(buffer, 2 * buffer);
}

function halfPlugged(bitCount: number, set: SetRun): void {
  const random = generator(2);
  for (let first = 0; first < bitCount; first += PAGES_2M) if (random() < 0.5) set(first, first + PAGES_2M);
}

/** Set and clear runs in turn, their lengths exponentially distributed. */
function scatter(bitCount: number, set: SetRun): void {
  const random = generator(3);
  let isSet = false;
  for (let first = 0; first < bitCount; isSet = !isSet) {
    const end = Math.min(bitCount, first + 1 + Math.floor(-Math.log(1 - random()) * MEAN_RUN));
    if (isSet) set(first, end);
    first = end;
  }
}

function alternating(bitCount: number, set: SetRun): void {
  for (let bit = 0; bit < bitCount; bit += 2) set(bit, bit + 1);
}

export type PatternName = 'ones' | 'zeros' | 'sparse' | 'swiotlb' | 'virtio-mem 50 %' | 'random mean 16' | 'alternating';

export const PATTERNS: Readonly<Record<PatternName, Pattern>> = {
  ones: (bitCount, set) => set(0, bitCount),
  zeros: () => undefined,
  sparse,
  swiotlb,
  'virtio-mem 50 %': halfPlugged,
  'random mean 16': scatter,
  alternating,
};
