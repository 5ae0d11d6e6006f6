// SPDX-License-Identifier: MIT
import type { Block } from '../text/block.ts';
import { MODELS } from './models.ts';
import type { SearchDocument, SearchedStrategy } from './search-document.ts';

/** What `search` and `merge` print for people. */
export function searchBlocks({ request, strategies }: SearchDocument): Block[] {
  const { model, pages, symmetry, without } = request;
  const left = without.length === 0 ? '' : `; without ${without.join(', ')}`;
  const reduced = symmetry.length === 0 ? '' : `; one state for all that differ by ${symmetry.join(' and ')} only`;
  const bounds = `Model ${model}: ${MODELS[model].what}; pages ${pages}${left}${reduced}.`;
  return [{ kind: 'text', text: bounds }, summary(strategies), ...strategies.flatMap(detailBlocks)];
}

function summary(strategies: readonly SearchedStrategy[]): Block {
  return {
    kind: 'table',
    head: ['strategy', 'verdict', 'complete', 'states', 'transitions', 'depth', 'seconds', 'transitions/s'],
    numeric: [3, 4, 5, 6, 7],
    rows: strategies.map(({ id, verdict, complete, states, transitions, depth, seconds, transitionsPerSecond }) => [
      id,
      verdict,
      complete ? 'yes' : 'no',
      ...[states, transitions, depth].map(grouped),
      seconds.toFixed(2),
      grouped(transitionsPerSecond),
    ]),
  };
}

const CUTS = {
  depth: 'the depth bound was reached, and states beyond it are unexplored',
  memory: 'the memory bound was reached, and states that did not fit are lost',
  interrupt: 'the search was interrupted',
} as const;

function detailBlocks(strategy: SearchedStrategy): Block[] {
  const { id, cut, by, covers, counterexamples, isShortest, unwitnessed, part } = strategy;
  const notes = [
    ...(cut === null ? [] : [`Not complete: ${CUTS[cut]}.`]),
    ...(by === 're-execution' ? ['By re-execution: its state cannot be stored, so every way that it can tell apart is a state of its own.'] : []),
    ...(covers === null ? [] : [`The states kept stand for ${grouped(covers.states)} states and ${grouped(covers.transitions)} transitions.`]),
    ...(unwitnessed.length === 0 ? [] : [`Nothing came near to breaking ${unwitnessed.join(', ')}.`]),
    ...(part === null ? [] : [`Shard ${part.shard}: join all of them with merge.`]),
    ...(isShortest || counterexamples.length === 0 ? [] : ['Shorter counterexamples may exist: refusals are shortcuts here; a search in one piece tells.']),
  ];
  if (notes.length === 0 && counterexamples.length === 0) return [];
  return [
    { kind: 'heading', level: 2, text: id },
    ...(notes.length === 0 ? [] : [{ kind: 'text', text: notes.join('\n') } as const]),
    ...counterexamples.flatMap(({ invariant, reach, depth, history, explanation, replay }): Block[] => [
      { kind: 'heading', level: 3, text: `${invariant}: ${reach}, ${depth} ${depth === 1 ? 'operation' : 'operations'}` },
      { kind: 'text', text: explanation },
      { kind: 'code', lines: [history, replay] },
    ]),
  ];
}

/** 1234567 as 1,234,567, whatever the system's language. */
export function grouped(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}
