// SPDX-License-Identifier: MIT
/**
 * What a bitmap of the designs holds in memory, against a flat one with a bit a page. Both designs done right keep one of
 * shared pages a block, and one of mapped pages for each section and container, with the same pages in it.
 */
import { Bitmap } from '@sda-lab/core-bitmap';
import { PAGE_BYTES } from '@sda-lab/guest-memory';
import type { BenchBitmap } from '@sda-lab/lab';
import type { Size } from '../harness/table.ts';
import { REQUEST_PAGES } from '../workloads/guest.ts';
import { type PageRun, scatteredRuns } from '../workloads/scatter.ts';
import { swiotlbRuns } from '../workloads/shapes.ts';
import { GUEST_BYTES } from './grow.ts';

const RUNS: Readonly<Record<Size, number>> = { full: 1000, small: 4 };

export function bitmapBytes(size: Size, seed: number): BenchBitmap[] {
  const sizes = [GUEST_BYTES[size].at(0)!, GUEST_BYTES[size].at(-1)!];
  return sizes.flatMap((guestBytes) => {
    const pageCount = guestBytes / PAGE_BYTES;
    const patterns: Readonly<Record<string, readonly PageRun[]>> = {
      none: [],
      all: [{ firstPage: 0, pageCount }],
      'swiotlb boot': swiotlbRuns(pageCount, size, seed),
      'scattered runs': scatteredRuns(RUNS[size], REQUEST_PAGES, 0, pageCount, seed),
    };
    return Object.entries(patterns).map(([pages, runs]) => ({ pages, guestBytes, bytes: bytesOf(pageCount, runs), flatBytes: pageCount / 8 }));
  });
}

function bytesOf(pageCount: number, runs: readonly PageRun[]): number {
  const bits = new Bitmap(pageCount);
  for (const { firstPage, pageCount: count } of runs) bits.set(firstPage, firstPage + count);
  return bits.byteCount;
}
