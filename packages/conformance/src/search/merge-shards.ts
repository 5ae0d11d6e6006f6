// SPDX-License-Identifier: MIT
/**
 * Joins the shards of one search into what the whole search would have said: why nothing is lost and nothing counted
 * twice stands in sharded-exploration.ts.
 */
import { assert } from '@sda-lab/guest-memory';
import { INVARIANTS } from '../judge/invariant.ts';
import type { Counterexample, Coverage, SearchResult } from './search-result.ts';
import type { Shard } from './sharded-exploration.ts';
import { FULL, KNOWN, NO_PARENT, StateTable } from './state-table.ts';
import type { Strays } from './strays.ts';

/** What one shard adds to a search. */
export interface ShardPart {
  readonly shard: Shard;
  readonly spineStates: number;
  readonly spineDepth: number;
  /** Equal in all shards of one search. */
  readonly spineDigest: number;
  /** Transitions of the spine states it owns, and what those stand for. */
  readonly ownTransitions: number;
  readonly ownCoverage: Coverage;
  readonly shortcutCount: number;
  readonly wordCount: number;
  readonly strays: Strays;
}

export interface MergedShard<Label> extends SearchResult<Label> {
  readonly part: ShardPart;
}

/** Why these are not all shards of one search, each once; undefined when they are. */
export function whyNotShards(parts: readonly ShardPart[]): string | undefined {
  const first = parts[0];
  if (first === undefined) return 'there is no shard';
  const { of } = first.shard;
  if (parts.some(({ shard }) => shard.of !== of)) return 'they are shards of differently many';
  for (let index = 0; index < of; index += 1) {
    const count = parts.filter(({ shard }) => shard.index === index).length;
    if (count !== 1) return `shard ${index + 1}/${of} is there ${count} times`;
  }
  const isSame = parts.every(({ spineStates, spineDigest, wordCount }) => {
    return spineStates === first.spineStates && spineDigest === first.spineDigest && wordCount === first.wordCount;
  });
  return isSame ? undefined : 'they met different states along the spine: other bounds, or another version of the design';
}

/** All of them complete, or the join is not. */
export function mergeShards<Label>(shards: readonly MergedShard<Label>[]): SearchResult<Label> {
  const parts = shards.map(({ part }) => part);
  const first = shards[0]!;
  const complete = shards.every((shard) => shard.complete);
  // A shard that was cut may have met less of the spine.
  assert(!complete || whyNotShards(parts) === undefined, 'the shards are those of one search');
  const strays = joinStrays(parts);
  const isShortest = complete && parts.every(({ shortcutCount }) => shortcutCount === 0);
  return {
    complete,
    cut: shards.find(({ cut }) => cut !== undefined)?.cut,
    by: first.by,
    states: Math.max(...parts.map(({ spineStates }) => spineStates)) + strays.states,
    transitions: sum(parts, ({ ownTransitions }) => ownTransitions) + strays.transitions,
    depth: Math.max(...parts.map(({ spineDepth }) => spineDepth), strays.depth),
    bytes: sum(shards, ({ bytes }) => bytes),
    covers: first.covers && {
      states: sum(parts, ({ ownCoverage }) => ownCoverage.states) + strays.covers.states,
      transitions: sum(parts, ({ ownCoverage }) => ownCoverage.transitions) + strays.covers.transitions,
    },
    counterexamples: nearest(shards),
    isShortest,
    unwitnessed: first.unwitnessed.filter((name) => shards.every(({ unwitnessed }) => unwitnessed.includes(name))),
    excluded: first.excluded,
  };
}

/** Each stray once, however many shards met it, at the smallest depth. */
function joinStrays(parts: readonly ShardPart[]): { states: number; transitions: number; depth: number; covers: Coverage } {
  const { wordCount } = parts[0]!;
  const table = new StateTable(wordCount, { maxBytes: Number.MAX_SAFE_INTEGER });
  const depths: number[] = [];
  const covers = { states: 0, transitions: 0 };
  let transitions = 0;
  for (const { strays } of parts) {
    for (const [at, enabledCount] of strays.enabled.entries()) {
      const depth = strays.depths[at]!;
      const answer = table.insert(strays.words, at * wordCount, NO_PARENT, 0);
      assert(answer !== FULL, 'there is memory for all strays');
      if (answer === KNOWN) {
        depths[table.index] = Math.min(depths[table.index]!, depth);
        continue;
      }
      depths.push(depth);
      transitions += enabledCount;
      covers.states += strays.orbitSizes[at]!;
      covers.transitions += strays.orbitSizes[at]! * enabledCount;
    }
  }
  return { states: table.count, transitions, depth: depths.reduce((a, b) => Math.max(a, b), 0), covers };
}

/** Per property the nearest of all shards; of equally near ones that of the first shard. */
function nearest<Label>(shards: readonly SearchResult<Label>[]): Counterexample<Label>[] {
  const found = new Map<string, Counterexample<Label>>();
  for (const { counterexamples } of shards) {
    for (const counterexample of counterexamples) {
      const key = `${counterexample.property.invariant} ${counterexample.property.reach}`;
      const known = found.get(key);
      if (known === undefined || counterexample.depth < known.depth) found.set(key, counterexample);
    }
  }
  const rank = ({ property }: Counterexample<Label>): number =>
    2 * INVARIANTS.indexOf(property.invariant) + (property.reach === 'live' ? 0 : 1);
  return [...found.values()].toSorted((a, b) => rank(a) - rank(b));
}

function sum<T>(values: readonly T[], pick: (value: T) => number): number {
  return values.reduce((total, value) => total + pick(value), 0);
}
