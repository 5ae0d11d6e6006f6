// SPDX-License-Identifier: MIT
import type { Words } from '@sda-lab/guest-memory';

/** A control remembers nothing between operations. */
export const NO_WORDS: Words = { count: 0, store: () => undefined, load: () => undefined };
