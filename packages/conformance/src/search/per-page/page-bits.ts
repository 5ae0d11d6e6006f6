// SPDX-License-Identifier: MIT

/** Pages that fit into one word with its sign left out, so that a set of pages is a small integer. */
export const MOST_PAGES = 30;

/** One bit for each page of a half-open range. */
export function bitsOf(firstPage: number, endPage: number): number {
  return ((1 << (endPage - firstPage)) - 1) << firstPage;
}

/** Pages of a set. */
export function countPages(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count += 1;
  return count;
}
