// SPDX-License-Identifier: MIT
/** What exhaustion decided, for people: in a terminal and on the generated page. */
import { grouped } from '../search/search-blocks.ts';
import type { Block } from '../text/block.ts';
import { type ClaimDocument, type ExhaustionDocument } from './exhaustion-document.ts';
import { RUNG_IDS, RUNGS } from './ladder.ts';

export function exhaustionBlocks(document: ExhaustionDocument): Block[] {
  const additions = document.claims.filter(({ kind }) => kind === 'addition');
  const mutants = document.claims.filter(({ kind }) => kind === 'mutant');
  return [
    { kind: 'text', text: totalsText(document) },
    ...section('Additions', additions, [additionTable(additions)]),
    ...section('Mutants', mutants, [mutantTable(mutants)]),
    ...left(document),
    ...equivalents(document),
    ...histories(document),
  ];
}

/** The bounds, as a table. */
export function rungTable(): Block {
  const rows = RUNG_IDS.map((id) => {
    const { size, races } = RUNGS[id];
    const { pages, containers, blocks, faults } = size;
    return [id, ...[pages, containers, blocks, faults].map(String), races ? 'yes' : 'no'];
  });
  return { kind: 'table', head: ['bound', 'pages', 'containers', 'blocks', 'refusals', 'races'], numeric: [1, 2, 3, 4], rows };
}

function section(text: string, claims: readonly ClaimDocument[], blocks: readonly Block[]): Block[] {
  return claims.length === 0 ? [] : [{ kind: 'heading', level: 2, text }, ...blocks];
}

function totalsText({ totals, claims, interrupted, maxStates }: ExhaustionDocument): string {
  const { falls, equivalent, random, unknown, contradicted } = totals;
  const of = (kind: ClaimDocument['kind']): string => {
    const own = claims.filter((claim) => claim.kind === kind);
    return `${own.filter(({ verdict }) => verdict === 'falls').length} of ${own.length}`;
  };
  return [
    `Decided by exhaustion: ${falls + equivalent} of ${claims.length} (${falls} fall, ${equivalent} are equivalent).`,
    `Left to random search: ${random}. Unknown: ${unknown}. Contradicted: ${contradicted}.`,
    `Of the additions ${of('addition')} fall, of the mutants ${of('mutant')}. A search holds ${grouped(maxStates)} states at most.`,
    ...(interrupted ? ['Interrupted: what is missing was not looked at.'] : []),
  ].join('\n');
}

const NUMERIC = [5, 6, 7];
const FOUND = ['outcome', 'bound', 'operations', 'states', 'transitions'];

function additionTable(claims: readonly ClaimDocument[]): Block {
  const rows = claims.map((claim) => [claim.carrier, claim.id, claim.invariant, ...foundCells(claim)]);
  return { kind: 'table', head: ['design', 'without', 'guards', ...FOUND], numeric: NUMERIC, rows };
}

function mutantTable(claims: readonly ClaimDocument[]): Block {
  const rows = claims.map((claim) => [claim.id, claim.carrier, claim.invariant, ...foundCells(claim)]);
  return { kind: 'table', head: ['mutant', 'in', 'breaks', ...FOUND], numeric: NUMERIC, rows };
}

/** Where it was decided; of what no search showed, all searches together. */
export function foundCells({ verdict, falls, searches }: ClaimDocument): string[] {
  const last = searches.at(-1)!;
  if (falls !== null) return ['falls', boundText(last), String(falls.depth), grouped(last.states), grouped(last.transitions)];
  const sum = (pick: (search: ClaimDocument['searches'][number]) => number): string =>
    grouped(searches.reduce((total, search) => total + pick(search), 0));
  return [verdict, `${searches.length} searches`, '', sum(({ states }) => states), sum(({ transitions }) => transitions)];
}

function boundText({ bound: { rung, regime, backends } }: ClaimDocument['searches'][number]): string {
  return `${rung}, ${regime}, ${backends.join('+')}`;
}

/** What no search decided. */
function left({ claims }: ExhaustionDocument): Block[] {
  const undecided = claims.filter(({ verdict }) => verdict === 'random' || verdict === 'unknown' || verdict === 'contradicted');
  const rows = undecided.map((claim) => [nameOf(claim), because(claim), cutText(claim), claim.random?.history ?? '']);
  if (rows.length === 0) return [];
  return [
    { kind: 'heading', level: 2, text: 'Left to random search' },
    { kind: 'table', head: ['claim', 'because a history that shows it has', 'cut', 'that history'], rows },
  ];
}

function because({ verdict, random }: ClaimDocument): string {
  if (random !== null) return random.reasons.join('; ');
  return verdict === 'unknown' ? 'unknown: it lies in a bound that was not searched to the end' : 'contradicted: no bound excludes it';
}

/** Bounds that were not searched to the end. */
function cutText({ searches }: ClaimDocument): string {
  return [...new Set(searches.filter(({ complete }) => !complete).map(({ bound }) => bound.rung))].join(', ');
}

function equivalents({ claims }: ExhaustionDocument): Block[] {
  const proven = claims.filter(({ verdict }) => verdict === 'equivalent');
  if (proven.length === 0) return [];
  const rows = proven.flatMap(({ id, searches }) =>
    searches.map((search) => [id, boundText(search), grouped(search.states), grouped(search.transitions)]),
  );
  return [
    { kind: 'heading', level: 2, text: 'Equivalent' },
    { kind: 'text', text: 'In each of these searches, complete, every step of the mutant is that of its carrier: the same answer, the same findings, the same state.' },
    { kind: 'table', head: ['mutant', 'bound', 'states', 'transitions'], numeric: [2, 3], rows },
  ];
}

function histories({ claims }: ExhaustionDocument): Block[] {
  const rows = claims.flatMap((claim) => (claim.falls === null ? [] : [[nameOf(claim), claim.falls.history, claim.falls.explanation]]));
  if (rows.length === 0) return [];
  return [
    { kind: 'heading', level: 2, text: 'Shortest histories' },
    { kind: 'table', head: ['claim', 'history', 'at its end'], rows },
  ];
}

function nameOf({ kind, id, carrier }: ClaimDocument): string {
  return kind === 'addition' ? `${carrier} without ${id}` : id;
}
