// SPDX-License-Identifier: MIT
/** Places of a guest picked by chance from a seed, ascending and apart, equal for every strategy. */
import { generator } from '../harness/statistics.ts';

export interface PageRun {
  readonly firstPage: number;
  readonly pageCount: number;
}

/** Single pages of [firstPage, endPage), each once. */
export function scatteredPages(count: number, firstPage: number, endPage: number, seed: number): PageRun[] {
  const random = generator(seed);
  const pages = new Set<number>();
  while (pages.size < count) pages.add(firstPage + Math.floor(random() * (endPage - firstPage)));
  return [...pages].toSorted((a, b) => a - b).map((page) => ({ firstPage: page, pageCount: 1 }));
}

/** Runs of 1 to `longestPages` pages, one in each of `count` equal parts of [firstPage, endPage), so that none touch. */
export function scatteredRuns(count: number, longestPages: number, firstPage: number, endPage: number, seed: number): PageRun[] {
  const random = generator(seed);
  const part = Math.floor((endPage - firstPage) / count);
  if (longestPages >= part) throw new RangeError(`runs of ${longestPages} pages do not fit apart into ${count} parts of ${part}`);
  return Array.from({ length: count }, (_, at) => {
    const pageCount = 1 + Math.floor(random() * longestPages);
    return { firstPage: firstPage + at * part + Math.floor(random() * (part - pageCount)), pageCount };
  });
}
