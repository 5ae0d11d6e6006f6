// SPDX-License-Identifier: MIT
import type { Words } from '@sda-lab/guest-memory';

/** All words of a part as they are now. */
export function storedWords(words: Words): number[] {
  const into = new Int32Array(words.count);
  words.store(into, 0);
  return [...into];
}
