// SPDX-License-Identifier: MIT
import type { StateTable } from './state-table.ts';
import type { Coverage } from './search-result.ts';
import type { Symmetry } from './symmetry.ts';

/** Counts what was expanded, and what that stands for under a symmetry. */
export class Tally {
  /** Expanded states. */
  expanded: number = 0;
  transitions: number = 0;
  readonly #table: StateTable;
  readonly #symmetry: Symmetry | undefined;
  #coveredTransitions = 0;

  constructor(table: StateTable, symmetry: Symmetry | undefined) {
    this.#table = table;
    this.#symmetry = symmetry;
  }

  add(index: number, enabledCount: number): void {
    this.expanded += 1;
    this.transitions += enabledCount;
    if (this.#symmetry !== undefined) this.#coveredTransitions += enabledCount * this.orbitSize(index);
  }

  orbitSize(index: number): number {
    return this.#symmetry?.orbitSize(this.#table.words, index * this.#table.wordCount) ?? 1;
  }

  /** What all states of the table stand for; undefined without a symmetry. */
  covers(): Coverage | undefined {
    if (this.#symmetry === undefined) return undefined;
    let states = 0;
    for (let index = 0; index < this.#table.count; index += 1) states += this.orbitSize(index);
    return { states, transitions: this.#coveredTransitions };
  }
}
