// SPDX-License-Identifier: MIT
/**
 * Containers are alike: states that become equal when containers change names are one. The state that stands for its
 * orbit is the smallest of all renamed ones, word by word.
 *
 * Sound when the containers have the same backend, options and kind, every operation on one is there for the other, and
 * the design asks no container's name. Who came first is state like any other: a renaming renames it as well.
 * Together with pages (`inner`) the orbits are those of both: renamings and changes of place commute, where a renaming
 * takes planes of pages to planes of pages. `proveContainerSymmetry` tries it all on the per-page model.
 */
import type { Symmetry } from './symmetry.ts';

/** Writes the renamed state; `to` is another array. */
export type Renaming = (words: Int32Array, at: number, to: Int32Array) => void;

export class ContainerSymmetry implements Symmetry {
  readonly name: string;
  /** Every renaming but the one that changes nothing: n! - 1 of n containers. */
  readonly #renamings: readonly Renaming[];
  readonly #inner: Symmetry | undefined;
  /** The state as it came, and each renamed one. */
  readonly #forms: readonly Int32Array[];

  constructor(wordCount: number, renamings: readonly Renaming[], inner?: Symmetry) {
    this.name = inner === undefined ? 'containers' : `containers and ${inner.name}`;
    this.#renamings = renamings;
    this.#inner = inner;
    this.#forms = Array.from({ length: renamings.length + 1 }, () => new Int32Array(wordCount));
  }

  canonicalize(words: Int32Array, at: number): void {
    this.#rename(words, at);
    let least = this.#forms[0]!;
    for (let index = 1; index < this.#forms.length; index += 1) {
      if (isLess(this.#forms[index]!, least)) least = this.#forms[index]!;
    }
    words.set(least, at);
  }

  orbitSize(words: Int32Array, at: number): number {
    this.#rename(words, at);
    let size = 0;
    for (const [index, form] of this.#forms.entries()) {
      if (this.#forms.slice(0, index).some((other) => isEqual(form, other))) continue;
      size += this.#inner?.orbitSize(form, 0) ?? 1;
    }
    return size;
  }

  #rename(words: Int32Array, at: number): void {
    const asItCame = this.#forms[0]!;
    for (let word = 0; word < asItCame.length; word += 1) asItCame[word] = words[at + word]!;
    for (let index = 1; index < this.#forms.length; index += 1) this.#renamings[index - 1]!(words, at, this.#forms[index]!);
    if (this.#inner === undefined) return;
    for (let index = 0; index < this.#forms.length; index += 1) this.#inner.canonicalize(this.#forms[index]!, 0);
  }
}

function isLess(a: Int32Array, b: Int32Array): boolean {
  for (let word = 0; word < a.length; word += 1) if (a[word] !== b[word]) return a[word]! < b[word]!;
  return false;
}

function isEqual(a: Int32Array, b: Int32Array): boolean {
  for (let word = 0; word < a.length; word += 1) if (a[word] !== b[word]) return false;
  return true;
}
