// SPDX-License-Identifier: MIT

/** States of one shard that no walk along the spine meets, to be joined with those of the others. */
export interface Strays {
  /** Words of all of them, one after the other. */
  readonly words: Int32Array;
  /** Transitions of each that count. */
  readonly enabled: readonly number[];
  readonly depths: readonly number[];
  readonly orbitSizes: readonly number[];
}
