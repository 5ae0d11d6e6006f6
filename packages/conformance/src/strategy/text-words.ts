// SPDX-License-Identifier: MIT
import type { Words } from '@sda-lab/guest-memory';

/** What somebody remembers, as text: equal texts exactly where the same can come of it. */
export interface Memory {
  save(): string;
  /** Puts it, whatever it is now, back to a text that was saved, by this instance or by another one of the same design. */
  restore(text: string): void;
}

/** Numbers for texts, in the order they are met. */
export class TextNames {
  readonly #texts: string[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#texts.length);
    return this.#texts.push(text) - 1;
  }

  textOf(number: number): string {
    return this.#texts[number]!;
  }
}

/**
 * A memory as one word, the number of its text. For planted mistakes, whose memory may be of any shape; it is slower than
 * words of bits. Who compares words of two instances gives both the same names. Numbers depend on what was met before, so
 * that processes do not agree on them: not for searches in shards.
 */
export class TextWords implements Words {
  readonly count: number = 1;
  readonly #memory: Memory;
  readonly #names: TextNames;

  constructor(memory: Memory, names: TextNames) {
    this.#memory = memory;
    this.#names = names;
  }

  store(words: Int32Array, at: number): void {
    words[at] = this.#names.numberOf(this.#memory.save());
  }

  load(words: Int32Array, at: number): void {
    const text = this.#names.textOf(words[at]!);
    if (text !== this.#memory.save()) this.#memory.restore(text);
  }
}
