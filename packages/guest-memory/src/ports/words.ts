// SPDX-License-Identifier: MIT
import type { Section } from '../section.ts';
import type { Consumer } from './consumer.ts';
import type { PlugSource } from './plug.ts';

/**
 * The state of one part of a world as 32-bit words, so that a search can leave a state and come back to it.
 *
 * Canonical: what is stored depends on what the part can still do and show, not on how it came there nor on how it is
 * kept. Two ways to one state give equal words; frames go by the order in which they are reached (`FrameNames`); free
 * lists, spare capacity, contents, peaks and counts of calls are left out. `store` after `load(words)` writes `words`.
 * Words are stored and loaded at rest, between operations; nobody is told of a load. Neither allocates in a world of a
 * few pages: a search does both some hundred thousand times a second.
 */
export interface Words {
  /** Words the part takes; never changes. */
  readonly count: number;
  /**
   * Whether the last `store` held all of the state. False when something does not fit, such as more mappings in odd
   * places than there is room for; who searches cannot answer "holds" then. Left out: it always fits.
   * @defaultValue true
   */
  readonly isWhole?: boolean;
  /** Writes words[at] to words[at + count - 1], all of them. */
  store(words: Int32Array, at: number): void;
  /** Puts the part, whatever state it is in, into the state stored there. */
  load(words: Int32Array, at: number): void;
}

/**
 * Everybody one instance may ever hear of, by position: words name them by it. The same objects stay the same parts of
 * the world over a load; who has not been met yet is met by a load.
 */
export interface Cast {
  readonly consumers: readonly Consumer[];
  /** Of every block that was added, all that may ever be shown. */
  readonly sections: readonly Section[];
  readonly sources: readonly PlugSource[];
}
