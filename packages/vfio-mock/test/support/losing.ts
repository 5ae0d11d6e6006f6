// SPDX-License-Identifier: MIT
import type { Words } from '@sda-lab/guest-memory';

/** Words that lose `bits` of those in `[first, end)`: what a part looks like that forgets something. */
export function losing(words: Words, bits: number, first: number, end: number): Words {
  return {
    count: words.count,
    load: (from, at) => words.load(from, at),
    store(into, at) {
      words.store(into, at);
      for (let index = at + first; index < at + end; index += 1) into[index]! &= ~bits;
    },
  };
}
