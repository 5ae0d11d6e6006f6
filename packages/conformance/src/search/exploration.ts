// SPDX-License-Identifier: MIT
import type { Discoveries } from './discoveries.ts';
import { ALL, Expander } from './expander.ts';
import type { SearchModel } from './search-model.ts';
import type { Cut } from './search-result.ts';
import type { StateTable } from './state-table.ts';
import type { Symmetry } from './symmetry.ts';
import { Tally } from './tally.ts';

/** What an exploration works on. */
export interface Ground {
  readonly model: SearchModel<unknown>;
  readonly table: StateTable;
  readonly discoveries: Discoveries;
  readonly symmetry: Symmetry | undefined;
}

/** A search under way. It rests after each expanded state; its end is the reason why something stayed unexplored. */
export interface Exploration {
  readonly tally: Tally;
  /** Of the states being expanded. */
  readonly depth: number;
  readonly shortcutCount: number;
  run(): Generator<undefined, Cut | undefined>;
}

/** Breadth first over all states: they stand in the table in the order they were met, and are expanded in that order. */
export class WholeExploration implements Exploration {
  readonly tally: Tally;
  readonly shortcutCount = 0;
  depth = 0;
  readonly #ground: Ground;
  readonly #maxDepth: number;

  constructor(ground: Ground, maxDepth: number) {
    this.#ground = ground;
    this.#maxDepth = maxDepth;
    this.tally = new Tally(ground.table, ground.symmetry);
  }

  *run(): Generator<undefined, Cut | undefined> {
    const { model, table, discoveries, symmetry } = this.#ground;
    const expander = new Expander(model, table, discoveries, symmetry);
    expander.begin();
    let index = 0;
    for (; index < table.count; this.depth += 1) {
      if (this.depth === this.#maxDepth) return 'depth';
      for (const end = table.count; index < end; index += 1) {
        const hasRoom = expander.expand(index, ALL, this.depth);
        this.tally.add(index, expander.enabledCount);
        if (!hasRoom) return 'memory';
        yield;
      }
    }
    return undefined;
  }
}
