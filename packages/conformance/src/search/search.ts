// SPDX-License-Identifier: MIT
/**
 * Exhaustive search: every sequence of a model's transitions, breadth first, so that the first violation of a property
 * is a nearest one. Deterministic: one model, one result, counts included. A state that breaks something is expanded
 * like any other, and the search goes on to the end.
 *
 * Lifecycle: `new Search` -> `advance` until it answers false, or until the caller has had enough -> `result`. Between
 * two calls nothing runs, so that the caller can look at a clock, at a signal, at the screen; here time is unknown.
 *
 * `complete` means that nothing within the model's own bounds is unexplored: a depth bound that was reached, a full
 * table and an interrupt all leave something, and then no search answers `holds`.
 */
import { assert } from '@sda-lab/guest-memory';
import type { Operation } from '../history/operation.ts';
import { counterexampleOf } from './counterexample.ts';
import { Discoveries } from './discoveries.ts';
import { type Exploration, type Ground, WholeExploration } from './exploration.ts';
import { recheckStates } from './recheck.ts';
import { MOST_PROPERTIES, restoredBy, type SearchModel } from './search-model.ts';
import type { Cut, SearchResult } from './search-result.ts';
import type { ShardPart } from './merge-shards.ts';
import { type Shard, ShardedExploration } from './sharded-exploration.ts';
import { StateTable, type TableBounds } from './state-table.ts';
import type { Symmetry } from './symmetry.ts';

export interface SearchOptions extends TableBounds {
  /** Transitions from the first state; what lies beyond stays unexplored. @defaultValue none */
  readonly maxDepth?: number;
  /** One state of each orbit. @defaultValue every state */
  readonly symmetry?: Symmetry | undefined;
  /** Part of a search that is spread over processes. @defaultValue the whole */
  readonly shard?: Shard | undefined;
  /** States that are reached anew from the first one at the end, to compare their words. @defaultValue 0 */
  readonly recheckedStates?: number;
  /**
   * Bit i: the search is only for a violation of `always[i]`. It ends once one of them is found: `cut` is `found` then,
   * and a nearest one is what it shows. Without a find it goes on to the end like any other. @defaultValue none
   */
  readonly until?: number;
}

export interface SearchProgress {
  readonly states: number;
  /** States whose transitions have all been taken; the others are at least what is left. */
  readonly expanded: number;
  readonly transitions: number;
  /** Of the states being expanded. */
  readonly depth: number;
}

/** What one shard knows, for a join. */
export interface ShardResult<Label = Operation> extends SearchResult<Label> {
  readonly part: ShardPart;
}

export class Search<Label = Operation> {
  readonly #model: SearchModel<Label>;
  readonly #ground: Ground;
  readonly #options: SearchOptions;
  readonly #exploration: Exploration;
  readonly #run: Generator<undefined, Cut | undefined>;
  readonly #until: number;
  /** Until the run ends, something is left. */
  #cut: Cut | undefined = 'interrupt';
  #isOver = false;

  constructor(model: SearchModel<Label>, options: SearchOptions = {}) {
    const { maxDepth = Infinity, symmetry, shard, until = 0 } = options;
    assert(model.always.length <= MOST_PROPERTIES && model.sometimes.length <= MOST_PROPERTIES, 'properties fit into a mask');
    assert(model.spine.length === model.transitionCount, 'each transition is on the spine or not');
    assert(symmetry === undefined || model.load !== undefined, 'a symmetry needs states that can be loaded');
    assert(shard === undefined || maxDepth === Infinity, 'a shard has no depth bound: its depths are its own');
    assert(shard === undefined || until === 0, 'a shard goes to its end: another one may find something nearer');
    this.#model = model;
    this.#options = options;
    this.#until = until;
    const table = new StateTable(model.wordCount, options);
    this.#ground = { model, table, discoveries: new Discoveries(model.always.length), symmetry };
    this.#exploration =
      shard === undefined ? new WholeExploration(this.#ground, maxDepth) : new ShardedExploration(this.#ground, shard);
    this.#run = this.#exploration.run();
  }

  get progress(): SearchProgress {
    const { tally, depth } = this.#exploration;
    return { states: this.#ground.table.count, expanded: tally.expanded, transitions: tally.transitions, depth };
  }

  /** Expands so many more states; false when the search is over. */
  advance(states: number): boolean {
    for (let left = states; left > 0 && !this.#isOver; left -= 1) {
      const { done, value } = this.#run.next();
      const isFound = (this.#ground.discoveries.mask & this.#until) !== 0;
      if (done !== true && !isFound) continue;
      this.#isOver = true;
      this.#cut = done === true ? value : 'found';
    }
    return !this.#isOver;
  }

  /** What is known now; the search ends. The model is stepped once more to show each counterexample. */
  result(): SearchResult<Label> {
    this.#isOver = true;
    const { table, discoveries } = this.#ground;
    const model = this.#model;
    const witnessed = model.witnessed;
    if (this.#options.symmetry === undefined) recheckStates(model, table, this.#options.recheckedStates ?? 0);
    const cut = this.#cut ?? model.hole;
    // What was broken came near to being broken.
    const broken = new Set<string>(discoveries.all.map(({ property }) => model.always[property]!.invariant));
    return {
      complete: cut === undefined,
      cut,
      by: restoredBy(model),
      states: table.count,
      transitions: this.#exploration.tally.transitions,
      depth: depthOf(table),
      bytes: table.byteCount,
      covers: this.#exploration.tally.covers(),
      counterexamples: discoveries.all.map((discovery) => counterexampleOf(model, this.#ground, discovery)),
      isShortest: this.#exploration.shortcutCount === 0,
      unwitnessed: namesOf(model, (at, isOwed) => isOwed && (witnessed & (1 << at)) === 0).filter((name) => !broken.has(name)),
      excluded: model.sometimes.flatMap(({ name, excludedBy }) => (excludedBy === undefined ? [] : [{ name, by: excludedBy }])),
    };
  }

  /** The same of a shard, with what the others need to join it. */
  shardResult(): ShardResult<Label> {
    const exploration = this.#exploration;
    assert(exploration instanceof ShardedExploration, 'only a shard has a part of a search');
    const { ownTransitions, ownCoverage, spineStates, spineDepth, shortcutCount } = exploration;
    const part: ShardPart = {
      shard: this.#options.shard!,
      spineStates,
      spineDepth,
      spineDigest: exploration.spineDigest(),
      ownTransitions,
      ownCoverage,
      shortcutCount,
      wordCount: this.#model.wordCount,
      strays: exploration.strays(),
    };
    const whole = this.result();
    return { ...whole, depth: Math.max(whole.depth, spineDepth), part };
  }
}

/** A search from beginning to end. */
export function search<Label>(model: SearchModel<Label>, options: SearchOptions = {}): SearchResult<Label> {
  const run = new Search(model, options);
  while (run.advance(Number.MAX_SAFE_INTEGER));
  return run.result();
}

/** The last state of the table is one of those farthest from the first. */
function depthOf(table: StateTable): number {
  let depth = 0;
  for (let at = table.parentOf(table.count - 1); at >= 0; at = table.parentOf(at)) depth += 1;
  return depth;
}

function namesOf(model: SearchModel<unknown>, wanted: (at: number, isOwed: boolean) => boolean): string[] {
  return model.sometimes.flatMap(({ name, excludedBy }, at) => (wanted(at, excludedBy === undefined) ? [name] : []));
}
