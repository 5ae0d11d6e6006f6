// SPDX-License-Identifier: MIT
import { INVARIANTS } from '@sda-lab/conformance';
import * as v from 'valibot';
import { MODEL_IDS, SYMMETRIES } from './search-request.ts';
import { readShard } from './shard-text.ts';

export const SEARCH_SCHEMA_ID = 'sda-lab/search@1';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const counts = v.array(count);
const coverage = v.strictObject({ states: count, transitions: count });

const counterexampleSchema = v.strictObject({
  invariant: v.picklist(INVARIANTS),
  reach: v.picklist(['live', 'latent']),
  /** Operations of the model; a planned refusal goes with the one it is for. */
  depth: count,
  history: v.string(),
  explanation: v.string(),
  replay: v.string(),
});

/** What a shard hands over to a join; null of a whole search. */
const partSchema = v.strictObject({
  /** I/N, the first 1/N. */
  shard: v.pipe(v.string(), v.check((text) => readShard(text) !== undefined, 'Invalid value: Expected I/N, from 1/N to N/N')),
  spineStates: count,
  spineDepth: count,
  /** Equal in all shards of one search. */
  spineDigest: v.pipe(v.number(), v.safeInteger()),
  ownTransitions: count,
  ownCoverage: coverage,
  shortcutCount: count,
  wordCount: v.pipe(count, v.minValue(1)),
  /** States beyond the spine: their 32-bit words in base64, least byte first, and per state what else is known. */
  strays: v.strictObject({ words: v.pipe(v.string(), v.base64()), enabled: counts, depths: counts, orbitSizes: counts }),
});

const strategySchema = v.strictObject({
  id: v.string(),
  /** `holds` only of a complete search in which every invariant could have failed. */
  verdict: v.picklist(['holds', 'broken', 'unknown']),
  /** Nothing within the bounds is unexplored. */
  complete: v.boolean(),
  /** Why not; null when complete. */
  cut: v.nullable(v.picklist(['depth', 'memory', 'interrupt'])),
  /** How the search gets back to a state. By re-execution every way is kept apart that a design can tell apart. */
  by: v.picklist(['words', 're-execution']),
  states: count,
  transitions: count,
  /** What those stand for under a symmetry; null without one. */
  covers: v.nullable(coverage),
  /** Operations from the start to the last state met. */
  depth: count,
  /** Of all shards together in a join. */
  seconds: v.pipe(v.number(), v.minValue(0)),
  transitionsPerSecond: count,
  /** Whether no counterexample is longer than it must be; a join cannot always tell. */
  isShortest: v.boolean(),
  counterexamples: v.array(counterexampleSchema),
  /** Invariants that never came near to being broken. */
  unwitnessed: v.array(v.string()),
  excluded: v.array(v.strictObject({ name: v.string(), by: v.string() })),
  part: v.nullable(partSchema),
});

export const searchRequestSchema = v.strictObject({
  model: v.picklist(MODEL_IDS),
  pages: count,
  containers: v.nullable(count),
  blocks: v.nullable(count),
  faults: v.nullable(count),
  races: v.boolean(),
  symmetry: v.array(v.picklist(SYMMETRIES)),
  without: v.array(v.string()),
  depth: v.nullable(count),
  memoryMiB: count,
});

export const searchSchema = v.strictObject({
  schema: v.literal(SEARCH_SCHEMA_ID),
  request: searchRequestSchema,
  strategies: v.array(strategySchema),
});

export type SearchDocument = v.InferOutput<typeof searchSchema>;
export type SearchedStrategy = v.InferOutput<typeof strategySchema>;
export type ShardPartDocument = v.InferOutput<typeof partSchema>;
