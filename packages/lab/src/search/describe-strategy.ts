// SPDX-License-Identifier: MIT
import { type Operation, printHistory, type SearchResult, searchVerdict, type ShardPart, type WorldSpec } from '@sda-lab/conformance';
import { replayLine } from '../replay-line.ts';
import { STRATEGIES } from '../strategies.ts';
import type { SearchedStrategy } from './search-document.ts';
import { describePart } from './shard-part-document.ts';

export interface Searched {
  readonly id: string;
  readonly without: readonly string[];
  /** In which counterexamples are told. */
  readonly world: WorldSpec;
  readonly result: SearchResult<Operation>;
  readonly seconds: number;
  readonly part: ShardPart | null;
}

/** A search in the words of the document. */
export function describeStrategy({ id, without, world, result, seconds, part }: Searched): SearchedStrategy {
  const { complete, cut, by, states, transitions, covers, depth, isShortest } = result;
  return {
    id,
    verdict: searchVerdict(result),
    notApplicable: isNotApplicable(id, result),
    complete,
    cut: cut ?? null,
    by,
    states,
    transitions,
    covers: covers === undefined ? null : { ...covers },
    depth,
    seconds,
    transitionsPerSecond: perSecond(transitions, seconds),
    isShortest,
    counterexamples: result.counterexamples.map(({ property, labels, explanation, depth: length }) => {
      const history = printHistory({ world, operations: labels });
      return { ...property, depth: length, history, explanation, replay: replayLine(history, id, without) };
    }),
    unwitnessed: [...result.unwitnessed],
    excluded: result.excluded.map((one) => ({ ...one })),
    part: part === null ? null : describePart(part),
  };
}

/** No device can be attached to a guest of its own, so nothing can go wrong with one; as conform has it. */
export function isNotApplicable(id: string, result: SearchResult<unknown>): boolean {
  const strategy = STRATEGIES.find((one) => one.id === id);
  return strategy?.capabilities.assignment === false && searchVerdict(result) === 'holds';
}

export function perSecond(transitions: number, seconds: number): number {
  return seconds === 0 ? 0 : Math.round(transitions / seconds);
}
