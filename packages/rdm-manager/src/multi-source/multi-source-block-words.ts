// SPDX-License-Identifier: MIT
/**
 * Words of a block with several sources, but for its attributes: those of its manager, with the granule that each
 * registered listener has latched above its place.
 */
import { assert, PLACE_BITS, type Words } from '@sda-lab/guest-memory';
import type { ConsumerListener } from '../stock/consumer-listener.ts';
import type { ManagerWords } from './manager-words.ts';

const GRANULE_LIMIT = 2 ** (31 - PLACE_BITS);

export class MultiSourceBlockWords implements Words {
  readonly count: number;
  readonly #manager: ManagerWords;
  /** In the order of the manager's words. */
  readonly #listeners: readonly ConsumerListener[];

  constructor(manager: ManagerWords, listeners: readonly ConsumerListener[]) {
    this.#manager = manager;
    this.#listeners = listeners;
    this.count = manager.count;
  }

  get isWhole(): boolean {
    return this.#manager.isWhole;
  }

  store(words: Int32Array, at: number): void {
    this.#manager.store(words, at);
    const placesAt = at + this.#manager.listenersAt;
    for (let index = 0; index < this.#listeners.length; index += 1) {
      const { granulePages } = this.#listeners[index]!;
      if (words[placesAt + index] === 0) continue;
      assert(granulePages < GRANULE_LIMIT, 'granules of a searched world are small');
      words[placesAt + index]! |= granulePages << PLACE_BITS;
    }
  }

  load(words: Int32Array, at: number): void {
    const placesAt = at + this.#manager.listenersAt;
    for (let index = 0; index < this.#listeners.length; index += 1) {
      const word = words[placesAt + index]!;
      if (word !== 0) this.#listeners[index]!.latch(word >>> PLACE_BITS);
    }
    this.#manager.load(words, at);
  }
}
