// SPDX-License-Identifier: MIT
/**
 * Words of a manager with several sources: its granularity, which sources are in, which listeners, and both in which
 * order. What the sources say belongs to them; how often they were asked is no state.
 *
 * The granularity follows from the sources with QEMU's own steps; with others it may not.
 */
import type { PlaceWords, Words } from '@sda-lab/guest-memory';

/** The one number of the manager, as the manager keeps it. */
export interface Granularity {
  read(): number;
  write(granularity: number): void;
}

export class ManagerWords implements Words {
  readonly count: number;
  /** Where the places of the listeners begin, counted from the first word. */
  readonly listenersAt: number;
  readonly #granularity: Granularity;
  readonly #sources: PlaceWords<unknown>;
  readonly #listeners: PlaceWords<unknown>;

  constructor(granularity: Granularity, sources: PlaceWords<unknown>, listeners: PlaceWords<unknown>) {
    this.#granularity = granularity;
    this.#sources = sources;
    this.#listeners = listeners;
    this.listenersAt = 1 + sources.count;
    this.count = this.listenersAt + listeners.count;
  }

  get isWhole(): boolean {
    return this.#sources.isWhole && this.#listeners.isWhole;
  }

  store(words: Int32Array, at: number): void {
    words[at] = this.#granularity.read();
    this.#sources.store(words, at + 1);
    this.#listeners.store(words, at + this.listenersAt);
  }

  load(words: Int32Array, at: number): void {
    this.#granularity.write(words[at]!);
    this.#sources.load(words, at + 1);
    this.#listeners.load(words, at + this.listenersAt);
  }
}
