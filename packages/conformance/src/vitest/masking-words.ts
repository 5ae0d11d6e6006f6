// SPDX-License-Identifier: MIT
import type { Words } from '@sda-lab/guest-memory';

/** A fault to plant: of words [first, end) only the bits of `mask` are written. What is loaded is what they say. */
export function maskingWords(first: number, end: number, mask: number = 0): (words: Words) => Words {
  return (words) => ({
    count: words.count,
    load: (from, at) => words.load(from, at),
    store(into, at) {
      words.store(into, at);
      for (let word = first; word < end; word += 1) into[at + word]! &= mask;
    },
  });
}
