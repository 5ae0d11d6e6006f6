// SPDX-License-Identifier: MIT

/**
 * States that differ only in names are one: a search keeps one of each orbit. Sound when renaming commutes with every
 * transition (renamed, then stepped, is stepped, then renamed), keeps every `always` as it is, and leaves the first
 * state as it is. Each reduction says what that takes; a search without it must come to the same verdict.
 */
export interface Symmetry {
  readonly name: string;
  /** Replaces a state by the one that stands for its orbit, in place. */
  canonicalize(words: Int32Array, at: number): void;
  /** States in the orbit; the words are canonical. */
  orbitSize(words: Int32Array, at: number): number;
}
