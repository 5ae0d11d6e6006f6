// SPDX-License-Identifier: MIT
/**
 * One state and all that follows from it: the inner loop of a search. A step after which every word is as before needs
 * no restoring; any other is followed by one, so that each transition starts in the state it is said to start in.
 */
import { assert } from '@sda-lab/guest-memory';
import type { Discoveries } from './discoveries.ts';
import { transitionsTo } from './path.ts';
import { ENDED, KIND_MASK, KNOWN_NEXT, MISSED, NEXT, NOT_ENABLED, SAME, type SearchModel, TWIN, VIOLATED } from './search-model.ts';
import { ADDED, FULL, type StateTable } from './state-table.ts';
import type { Symmetry } from './symmetry.ts';

/** Which transitions of a state are stepped. */
export const OFF_SPINE = 0;
export const ON_SPINE = 1;
export const ALL = 2;

export class Expander {
  /** Transitions of the last expansion that count. */
  enabledCount: number = 0;
  /** By state: its depth, where that is settled. A shorter way to one of them is counted as a shortcut. */
  levels: Int32Array | undefined = undefined;
  shortcutCount: number = 0;
  readonly #model: SearchModel<unknown>;
  readonly #table: StateTable;
  readonly #discoveries: Discoveries;
  readonly #symmetry: Symmetry | undefined;
  readonly #isByWords: boolean;
  readonly #scratch: Int32Array;
  /** The way to the state being expanded; by re-execution only. */
  #way: readonly number[] = [];

  constructor(model: SearchModel<unknown>, table: StateTable, discoveries: Discoveries, symmetry?: Symmetry) {
    this.#isByWords = model.load !== undefined;
    assert(this.#isByWords || symmetry === undefined, 'a search by re-execution keeps every state apart');
    this.#model = model;
    this.#table = table;
    this.#discoveries = discoveries;
    this.#symmetry = symmetry;
    this.#scratch = new Int32Array(model.wordCount);
  }

  /** Takes in the first state. */
  begin(): void {
    this.#model.reset();
    this.#model.store(this.#scratch, 0);
    this.#symmetry?.canonicalize(this.#scratch, 0);
    const answer = this.#table.insert(this.#scratch, 0, -1, -1);
    assert(answer === ADDED, 'the first state goes into an empty table');
  }

  /** Steps a state's transitions; false once the table is full. */
  expand(index: number, which: typeof OFF_SPINE | typeof ON_SPINE | typeof ALL, depth: number): boolean {
    const model = this.#model;
    const { spine, transitionCount } = model;
    if (!this.#isByWords) this.#way = transitionsTo(this.#table, index);
    this.#restore(index);
    let enabledCount = 0;
    let isFull = false;
    for (let at = 0; at < transitionCount && !isFull; at += 1) {
      const transition = model.next === undefined ? at : model.next(at);
      if (transition === transitionCount) break;
      at = transition;
      if (which !== ALL && spine[transition] !== which) continue;
      const flags = model.step(transition);
      const kind = flags & KIND_MASK;
      if (kind === NOT_ENABLED) continue;
      if (kind !== MISSED) {
        enabledCount += 1;
        if ((flags & VIOLATED) !== 0) this.#discoveries.note(model.violated, index, transition, depth + 1);
        if (kind === SAME || kind === TWIN) continue;
        if (kind === NEXT) {
          model.store(this.#scratch, 0);
          if (this.#table.isAt(index, this.#scratch, 0)) continue;
          isFull = !this.#takeIn(index, transition, depth);
        } else assert(kind === ENDED || kind === KNOWN_NEXT, 'a step answers one of the seven kinds');
      }
      this.#restore(index);
    }
    this.enabledCount = enabledCount;
    return !isFull;
  }

  #takeIn(index: number, transition: number, depth: number): boolean {
    this.#symmetry?.canonicalize(this.#scratch, 0);
    // Often it is the state that the last step led to.
    const isLast = this.#table.isAt(this.#table.index, this.#scratch, 0);
    if (!isLast && this.#table.insert(this.#scratch, 0, index, transition) === FULL) return false;
    const { levels } = this;
    if (levels !== undefined && this.#table.index < levels.length && levels[this.#table.index]! > depth + 1) {
      this.shortcutCount += 1;
    }
    return true;
  }

  #restore(index: number): void {
    const model = this.#model;
    if (this.#isByWords) {
      model.load!(this.#table.words, index * model.wordCount);
      return;
    }
    model.reset();
    for (const transition of this.#way) model.step(transition);
  }
}
