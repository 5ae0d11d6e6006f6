// SPDX-License-Identifier: MIT
import { INVARIANTS } from '@sda-lab/conformance';
import * as v from 'valibot';
import { MODEL_IDS, REGIMES, SYMMETRIES } from './search-request.ts';
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
  /** No device can be attached, or it has no such regime: `verdict` is `holds` then, and says nothing. */
  notApplicable: v.boolean(),
  /** Nothing within the bounds is unexplored. */
  complete: v.boolean(),
  /**
   * Why not; null when complete. `words`: a state did not fit its words, so that two may have been taken for one;
   * `blocked`: an operation inside another would have waited half done, and where that leads nobody knows.
   */
  cut: v.nullable(v.picklist(['depth', 'memory', 'interrupt', 'found', 'words', 'blocked'])),
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
  /** Whether strategies were named. Without, the exit code is that of the comparison with the expectations. */
  named: v.boolean(),
  pages: count,
  containers: v.nullable(count),
  blocks: v.nullable(count),
  faults: v.nullable(count),
  regime: v.picklist(REGIMES),
  races: v.boolean(),
  symmetry: v.array(v.picklist(SYMMETRIES)),
  /** Refusals that are known not to be met were stepped, too. */
  everyStep: v.boolean(),
  without: v.array(v.string()),
  depth: v.nullable(count),
  memoryMiB: count,
});

export const searchSchema = v.strictObject({
  schema: v.literal(SEARCH_SCHEMA_ID),
  request: searchRequestSchema,
  strategies: v.array(strategySchema),
  /** One line per outcome that is not as expected of the backends searched. */
  differences: v.array(v.string()),
  /** What is expected to be broken and was not found, and why. Random search (`conform`) finds it. */
  notFound: v.array(
    v.strictObject({
      strategy: v.string(),
      invariant: v.picklist(INVARIANTS),
      reach: v.picklist(['live', 'latent']),
      /** `beyond`: outside the bound; `unexplored`: inside, and the search was cut. */
      where: v.picklist(['beyond', 'unexplored']),
      reason: v.string(),
      /** One that shows it, where one is on file. */
      history: v.nullable(v.string()),
    }),
  ),
  /** Null where nothing is expected (with any `--without`, of pages one by one) and in a shard. */
  matchesExpectations: v.nullable(v.boolean()),
});

export type SearchDocument = v.InferOutput<typeof searchSchema>;
export type SearchedStrategy = v.InferOutput<typeof strategySchema>;
export type ShardPartDocument = v.InferOutput<typeof partSchema>;
