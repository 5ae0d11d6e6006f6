// SPDX-License-Identifier: MIT
/**
 * One shard of a search that is spread over processes which cannot talk to each other.
 *
 *   1. Every shard walks the spine: all states that the transitions on the spine lead to. Each meets the same states.
 *   2. Of these, a shard owns those whose hash says so. In the states it owns it steps the other transitions, too.
 *   3. What that leads to beyond the spine is a stray: whoever meets a stray steps all transitions of it.
 *
 * No state is lost. Take a way from the first state to any state, and the last state on it that lies on the spine: its
 * owner steps the transition that leaves the spine, and then everything that follows up to the end of the way.
 *
 * Counting: spine states and their transitions are counted by their owners; strays are handed over with their words, and
 * joined as a set, since two shards may meet the same one. A join is as the whole search: same states, same transitions.
 *
 * Depths: where no other transition is a shortcut between spine states (they are counted), the depth of each spine state
 * is its distance, and the smallest depth over all shards that of a stray; then the nearest counterexample of all shards
 * is the nearest there is. With shortcuts that is not known, and said.
 *
 * The work divides as far as it is off the spine. Memory does not: each shard holds the spine. Where a design strays far
 * (refusals that leave something behind), shards do the same work, and the whole search is as fast.
 */
import type { Ground, Exploration } from './exploration.ts';
import { ALL, Expander, OFF_SPINE, ON_SPINE } from './expander.ts';
import { hashWords, shardOf } from './hash-words.ts';
import type { Cut } from './search-result.ts';
import type { Strays } from './strays.ts';
import { Tally } from './tally.ts';

export interface Shard {
  /** From 0. */
  readonly index: number;
  readonly of: number;
}

export class ShardedExploration implements Exploration {
  /** Everything this shard did. */
  readonly tally: Tally;
  depth = 0;
  spineStates = 0;
  /** Depth of the last spine state. */
  spineDepth = 0;
  /** Of the spine states it owns. */
  ownTransitions = 0;
  ownCoverage = { states: 0, transitions: 0 };
  readonly #ground: Ground;
  readonly #shard: Shard;
  readonly #expander: Expander;
  readonly #strays = { enabled: new Array<number>(), depths: new Array<number>() };
  #enabledOfOwn: Int32Array = new Int32Array(0);

  constructor(ground: Ground, shard: Shard) {
    this.#ground = ground;
    this.#shard = shard;
    this.tally = new Tally(ground.table, ground.symmetry);
    this.#expander = new Expander(ground.model, ground.table, ground.discoveries, ground.symmetry);
  }

  get shortcutCount(): number {
    return this.#expander.shortcutCount;
  }

  *run(): Generator<undefined, Cut | undefined> {
    const { table, discoveries } = this.#ground;
    this.#expander.begin();
    const layers: number[] = [];
    const cut = yield* this.#walkSpine(layers);
    this.spineStates = table.count;
    this.spineDepth = layers.length - 1;
    if (cut !== undefined) return cut;
    this.#expander.levels = levelsOf(layers, this.spineStates);
    discoveries.reopen();
    return yield* this.#leaveSpine(layers);
  }

  /** A number that all shards of one search share: over the words of the spine, in the order of the walk. */
  spineDigest(): number {
    const { table } = this.#ground;
    return hashWords(table.words, 0, this.spineStates * table.wordCount);
  }

  /** What was met beyond the spine; those that were not expanded (the search was cut) are left out. */
  strays(): Strays {
    const { table } = this.#ground;
    const { enabled, depths } = this.#strays;
    const first = this.spineStates * table.wordCount;
    return {
      words: table.words.slice(first, first + enabled.length * table.wordCount),
      enabled,
      depths,
      orbitSizes: enabled.map((_, at) => this.tally.orbitSize(this.spineStates + at)),
    };
  }

  /** Phase 1. `layers` gets the index of the first state of each depth. */
  *#walkSpine(layers: number[]): Generator<undefined, Cut | undefined> {
    const { table } = this.#ground;
    let enabled: Int32Array = new Int32Array(1024);
    for (let index = 0; index < table.count; this.depth += 1) {
      layers.push(index);
      for (const end = table.count; index < end; index += 1) {
        const hasRoom = this.#expander.expand(index, ON_SPINE, this.depth);
        if (index === enabled.length) enabled = doubled(enabled);
        enabled[index] = this.#expander.enabledCount;
        if (!hasRoom) return 'memory';
        yield;
      }
    }
    this.#enabledOfOwn = enabled;
    return undefined;
  }

  /** Phases 2 and 3, depth by depth: what is met now has a depth one larger than what it is met from. */
  *#leaveSpine(layers: readonly number[]): Generator<undefined, Cut | undefined> {
    const { table } = this.#ground;
    let stray = this.spineStates;
    for (this.depth = 0; this.depth < layers.length || stray < table.count; this.depth += 1) {
      const strayEnd = table.count;
      const end = layers[this.depth + 1] ?? this.spineStates;
      for (let index = layers[this.depth] ?? end; index < end; index += 1) {
        if (!this.#owns(index)) continue;
        const hasRoom = this.#expander.expand(index, OFF_SPINE, this.depth);
        this.#countOwn(index);
        if (!hasRoom) return 'memory';
        yield;
      }
      for (; stray < strayEnd; stray += 1) {
        const hasRoom = this.#expander.expand(stray, ALL, this.depth);
        if (!hasRoom) return 'memory';
        this.tally.add(stray, this.#expander.enabledCount);
        this.#strays.enabled.push(this.#expander.enabledCount);
        this.#strays.depths.push(this.depth);
        yield;
      }
    }
    return undefined;
  }

  #countOwn(index: number): void {
    const enabledCount = this.#enabledOfOwn[index]! + this.#expander.enabledCount;
    this.tally.add(index, enabledCount);
    this.ownTransitions += enabledCount;
    const orbitSize = this.tally.orbitSize(index);
    this.ownCoverage.states += orbitSize;
    this.ownCoverage.transitions += orbitSize * enabledCount;
  }

  #owns(index: number): boolean {
    const { table } = this.#ground;
    const { index: ownIndex, of } = this.#shard;
    return shardOf(table.words, index * table.wordCount, table.wordCount, of) === ownIndex;
  }
}

function levelsOf(layers: readonly number[], stateCount: number): Int32Array {
  const levels = new Int32Array(stateCount);
  for (const [depth, first] of layers.entries()) levels.fill(depth, first, layers[depth + 1] ?? stateCount);
  return levels;
}

function doubled(array: Int32Array): Int32Array {
  const larger = new Int32Array(2 * array.length);
  larger.set(array);
  return larger;
}
