// SPDX-License-Identifier: MIT
// What searches of worlds count, as numbers: a change of one is a change of meaning. docs/search.md shows them.
export interface Counted {
  readonly id: string;
  /** Pages; blocks of the virtio-mem device are one fewer. Everything else is the standard bound. */
  readonly pages: 2 | 3;
  readonly regime: 'two-backend' | 'in-place';
  readonly races: boolean;
  readonly states: number;
  readonly transitions: number;
  /** Transitions from the start to the last state met. */
  readonly depth: number;
  /** `invariant` (live) or `invariant (latent)`, with the transitions of its shortest counterexample. */
  readonly broken: Readonly<Record<string, number>>;
  /** Too long for every test run; searched with SDA_LAB_LONG=1. */
  readonly isLong?: true;
}

export const COUNTED: readonly Counted[] = [
];
