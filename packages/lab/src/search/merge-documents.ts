// SPDX-License-Identifier: MIT
/** Joins documents of `search --shard`: all shards of one search make the document of the whole. */
import { type Counterexample, type MergedShard, mergeShards, searchVerdict, type ShardPart, whyNotShards } from '@sda-lab/conformance';
import * as v from 'valibot';
import { loadExpectations } from '../expectations.ts';
import { UsageError } from '../usage-error.ts';
import { compareSearch } from './compare-search.ts';
import { isNotApplicable, perSecond } from './describe-strategy.ts';
import { SEARCH_SCHEMA_ID, type SearchDocument, type SearchedStrategy, searchSchema } from './search-document.ts';
import { readPart } from './shard-part-document.ts';

export interface NamedText {
  readonly name: string;
  readonly text: string;
}

type ToldCounterexample = SearchedStrategy['counterexamples'][number];

export function mergeDocuments(files: readonly NamedText[]): SearchDocument {
  const documents = files.map(readDocument);
  const [first] = documents;
  for (const [at, { request, strategies }] of documents.entries()) {
    const isSame = JSON.stringify(request) === JSON.stringify(first!.request) && idsOf(strategies) === idsOf(first!.strategies);
    if (!isSame) throw new UsageError(`${files[at]!.name} and ${files[0]!.name} are not of one search; give all shards of the same call`);
  }
  const { request } = first!;
  const strategies = first!.strategies.map(({ id }) => mergeStrategy(id, documents));
  return { schema: SEARCH_SCHEMA_ID, request, strategies, ...compareSearch(request, strategies, loadExpectations()) };
}

function idsOf(strategies: readonly SearchedStrategy[]): string {
  return strategies.map(({ id }) => id).join(' ');
}

function readDocument({ name, text }: NamedText): SearchDocument {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new UsageError(`${name} is no JSON document; merge takes what search --shard I/N --json wrote`);
  }
  const { success, output, issues } = v.safeParse(searchSchema, data);
  if (success) return output;
  const path = v.getDotPath(issues[0]);
  throw new UsageError(`${name} is no document of search --shard I/N --json: ${path === null ? '' : `${path}: `}${issues[0].message}`);
}

function mergeStrategy(id: string, documents: readonly SearchDocument[]): SearchedStrategy {
  const told = documents.map(({ strategies }) => strategies.find((one) => one.id === id)!);
  // What was not searched, since the strategy has no such regime, needs no join.
  if (told.every(({ states, notApplicable }) => states === 0 && notApplicable)) return told[0]!;
  const parts = told.map(({ part }) => {
    if (part === null) throw new UsageError(`the search of ${id} is whole in one of the files; merge takes what search --shard I/N --json wrote`);
    const read = readPart(part);
    if (read === undefined) throw new UsageError(`the strays of ${id}, shard ${part.shard}, do not fit each other`);
    return read;
  });
  // What was cut may have met less of the spine; the others must agree.
  const why = whyNotShards(told.every(({ complete }) => complete) ? parts : parts.map((part) => ({ ...part, spineStates: 0, spineDigest: 0 })));
  if (why !== undefined) throw new UsageError(`the shards of ${id} do not make a whole: ${why}`);
  const merged = mergeShards(told.map((one, at) => resultOf(one, parts[at]!)));
  const seconds = told.reduce((sum, one) => sum + one.seconds, 0);
  return {
    id,
    verdict: searchVerdict(merged),
    notApplicable: isNotApplicable(id, merged),
    complete: merged.complete,
    cut: merged.cut ?? null,
    by: merged.by,
    states: merged.states,
    transitions: merged.transitions,
    covers: merged.covers === undefined ? null : { ...merged.covers },
    depth: merged.depth,
    seconds,
    transitionsPerSecond: perSecond(merged.transitions, seconds),
    isShortest: merged.isShortest,
    counterexamples: merged.counterexamples.map(({ labels }) => labels[0]!),
    unwitnessed: [...merged.unwitnessed],
    excluded: told[0]!.excluded,
    part: null,
  };
}

/** As mergeShards takes it; a counterexample stays as it was told. */
function resultOf(one: SearchedStrategy, part: ShardPart): MergedShard<ToldCounterexample> {
  const counterexamples = one.counterexamples.map((told): Counterexample<ToldCounterexample> => {
    const { invariant, reach, depth, explanation } = told;
    return { property: { invariant, reach }, depth, labels: [told], explanation };
  });
  return { ...one, cut: one.cut ?? undefined, covers: one.covers ?? undefined, bytes: 0, counterexamples, part };
}
