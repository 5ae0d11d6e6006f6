// SPDX-License-Identifier: MIT
import type { Block } from '../text/block.ts';
import { MODELS } from './models.ts';
import type { SearchDocument, SearchedStrategy } from './search-document.ts';

/** What `search` and `merge` print for people. */
export function searchBlocks(document: SearchDocument): Block[] {
  const { request, strategies } = document;
  const { model, symmetry, without, depth } = request;
  const left = without.length === 0 ? '' : `; without ${without.join(', ')}`;
  const reduced = symmetry.length === 0 ? '' : `; one state for all that differ by ${symmetry.join(' and ')} only`;
  const within = depth === null ? '' : `; within ${depth} operations`;
  const bounds = `Model ${model}: ${MODELS[model].describe(request)}${within}${left}${reduced}.`;
  return [
    { kind: 'text', text: bounds },
    summary(strategies),
    ...strategies.flatMap(detailBlocks),
    ...comparisonBlocks(document),
  ];
}

function summary(strategies: readonly SearchedStrategy[]): Block {
  return {
    kind: 'table',
    head: ['strategy', 'verdict', 'complete', 'states', 'transitions', 'depth', 'seconds', 'transitions/s'],
    numeric: [3, 4, 5, 6, 7],
    rows: strategies.map(({ id, verdict, notApplicable, complete, states, transitions, depth, seconds, transitionsPerSecond }) => [
      id,
      notApplicable ? 'n-a' : verdict,
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
  found: 'what it was for was found, and it ended there',
  words: 'some state did not fit its words, so that two states may have been taken for one',
  blocked: 'an operation inside another would have waited half done, and where that leads is unknown',
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
      { kind: 'heading', level: 3, text: `${invariant}: ${reach}, ${depth} ${depth === 1 ? 'operation' : 'operations'}, refusals not counted` },
      { kind: 'text', text: explanation },
      { kind: 'code', lines: [history, replay] },
    ]),
  ];
}

function comparisonBlocks({ request, strategies, differences, notFound, matchesExpectations }: SearchDocument): Block[] {
  const isBroken = strategies.some(({ verdict }) => verdict === 'broken');
  const texts = [
    ...(notFound.length === 0 ? [] : [notFoundText(notFound)]),
    ...(differences.length === 0 ? [] : [['Not as expected:', ...differences].join('\n  ')]),
    ...(matchesExpectations === true ? [`Every outcome equals the expectations${isBroken ? ': what is broken was expected to be' : ''}.`] : []),
    ...(request.without.length === 0 ? [] : [`There are no expectations of a design without ${request.without.join(', ')}.`]),
  ];
  return texts.map((text) => ({ kind: 'text', text }));
}

function notFoundText(notFound: SearchDocument['notFound']): string {
  const lines = notFound.map(({ strategy, invariant, reach, where, reason }) => {
    const what = where === 'beyond' ? 'needs random search' : 'undecided';
    return `${strategy}, ${invariant} ${reach}: ${what}, ${reason}`;
  });
  return ['Expected broken and not found here:', ...lines].join('\n  ');
}

/** 1234567 as 1,234,567, whatever the system's language. */
export function grouped(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}
