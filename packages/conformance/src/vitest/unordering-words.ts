// SPDX-License-Identifier: MIT
import { PLACE_BITS, type Words } from '@sda-lab/guest-memory';

/**
 * A fault to plant: places in words [first, end) say who is in and not in which order, as if everybody had come in the
 * order of the cast. What stands above the places stays.
 */
export function unorderingWords(first: number, end: number): (words: Words) => Words {
  return (words) => ({
    count: words.count,
    load: (from, at) => words.load(from, at),
    store(into, at) {
      words.store(into, at);
      let place = 0;
      for (let word = at + first; word < at + end; word += 1) {
        if (into[word] === 0) continue;
        place += 1;
        into[word] = ((into[word]! >>> PLACE_BITS) << PLACE_BITS) | place;
      }
    },
  });
}
