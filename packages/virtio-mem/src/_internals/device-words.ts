// SPDX-License-Identifier: MIT
/**
 * Words of a device: plugged blocks as plain bits, their count, the requested and the usable size in blocks, active
 * memslots as plain bits. The count is a word of its own because the device changes it apart from the bits.
 *
 * A load calls nobody: the strategy, the RAM and the sections of memslots are loaded with the words of those parts.
 */
import type { Words } from '@sda-lab/guest-memory';
import type { DeviceState } from './device-state.ts';

export class DeviceWords implements Words {
  readonly count: number;
  readonly #state: DeviceState;
  readonly #bitWords: number;

  constructor(state: DeviceState) {
    this.#state = state;
    this.#bitWords = state.bits.wordCount;
    this.count = this.#bitWords + 3 + (state.memslots?.active.wordCount ?? 0);
  }

  store(words: Int32Array, at: number): void {
    const { bits, pluggedBlocks, requestedBlocks, usableBlocks, memslots } = this.#state;
    bits.storeWords(words, at);
    const sizesAt = at + this.#bitWords;
    words[sizesAt] = pluggedBlocks;
    words[sizesAt + 1] = requestedBlocks;
    words[sizesAt + 2] = usableBlocks;
    memslots?.active.storeWords(words, sizesAt + 3);
  }

  load(words: Int32Array, at: number): void {
    const state = this.#state;
    state.bits.loadWords(words, at);
    const sizesAt = at + this.#bitWords;
    state.pluggedBlocks = words[sizesAt]!;
    state.requestedBlocks = words[sizesAt + 1]!;
    state.usableBlocks = words[sizesAt + 2]!;
    state.memslots?.active.loadWords(words, sizesAt + 3);
  }
}
