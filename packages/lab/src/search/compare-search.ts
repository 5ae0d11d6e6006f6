// SPDX-License-Identifier: MIT
/**
 * Holds what searches found against the expectations file. A search is of all its containers at once, so what is found
 * broken must be expected broken on one of their backends, with the same reach; and what is expected on one of them and
 * was not found must lie outside the bound, with a history on file to show where (beyond-bound.ts).
 *
 * A history tells an invariant once, where it is seen first. So the file may know of an invariant as live alone where a
 * search finds it latent as well, behind a stopped VM: that is no difference.
 */
import { type Expectations, type Invariant, type Reach, STANDARD_BOUND } from '@sda-lab/conformance';
import { BEYOND_BOUND, type BeyondBound } from './beyond-bound.ts';
import { MODELS } from './models.ts';
import type { SearchDocument, SearchedStrategy } from './search-document.ts';
import type { SearchRequest } from './search-request.ts';
import { whyBeyond } from './why-beyond.ts';

export type Comparison = Pick<SearchDocument, 'differences' | 'notFound' | 'matchesExpectations'>;
type NotFound = SearchDocument['notFound'][number];

const NOTHING_EXPECTED: Comparison = { differences: [], notFound: [], matchesExpectations: null };

export function compareSearch(
  request: SearchRequest,
  strategies: readonly SearchedStrategy[],
  expectations: Expectations,
  shown: readonly BeyondBound[] = BEYOND_BOUND,
): Comparison {
  if (MODELS[request.model].backends(request).length === 0 || request.without.length > 0) return NOTHING_EXPECTED;
  const compared = strategies.map((strategy) => compareStrategy(strategy, request, expectations, shown));
  const differences = compared.flatMap((one) => one.differences);
  // What one shard did not find another one may.
  if (strategies.some(({ part }) => part !== null)) return { differences, notFound: [], matchesExpectations: null };
  const notFound = compared.flatMap((one) => one.notFound);
  const isUndecided = strategies.some(({ verdict }) => verdict === 'unknown') || notFound.some(({ where }) => where === 'unexplored');
  return { differences, notFound, matchesExpectations: differences.length === 0 && !isUndecided };
}

interface Compared {
  readonly differences: readonly string[];
  readonly notFound: readonly NotFound[];
}

function compareStrategy(
  strategy: SearchedStrategy,
  request: SearchRequest,
  expectations: Expectations,
  shown: readonly BeyondBound[],
): Compared {
  const { id, notApplicable, counterexamples } = strategy;
  const backends: readonly string[] = MODELS[request.model].backends(request);
  const where = `${id} on ${backends.join(' and ')}, ${request.regime}`;
  const rows = expectations.rows.filter(({ strategy: of, regime, backend }) => {
    return of === id && regime === request.regime && (backend === '*' || backends.includes(backend));
  });
  if (!rows.some(({ invariant }) => invariant === '*')) return { differences: [`${where}: no expectation is on file`], notFound: [] };
  const isNotApplicable = rows.every(({ invariant, outcome }) => invariant !== '*' || outcome === 'n-a');
  const isFound = (invariant: Invariant, reach: Reach): boolean =>
    counterexamples.some((one) => one.invariant === invariant && one.reach === reach);
  const expected = distinct(rows.flatMap((row) => ('reach' in row ? [{ invariant: row.invariant, reach: row.reach }] : [])));
  const isExpected = (invariant: Invariant, reach: Reach): boolean =>
    expected.some((one) => one.invariant === invariant && one.reach === reach);
  const unexpected = counterexamples.filter(({ invariant, reach }) => {
    const isBehindLive = isExpected(invariant, 'live') && isFound(invariant, 'live');
    return !isExpected(invariant, reach) && !isBehindLive;
  });
  const missing = strategy.part !== null ? [] : expected.filter(({ invariant, reach }) => !isFound(invariant, reach));
  const judged = missing.map((one) => judgeMissing({ strategy: id, ...one }, strategy, request, shown));
  return {
    differences: [
      ...(strategy.verdict !== 'unknown' && isNotApplicable !== notApplicable ? [`${where}: ${notApplicable ? 'not applicable, not expected' : 'expected n-a'}`] : []),
      ...unexpected.map(({ invariant, reach }) => `${where}: ${invariant} ${reach} broken, not expected`),
      ...judged.flatMap((one) => (typeof one === 'string' ? [`${where}: ${one}`] : [])),
    ],
    notFound: judged.flatMap((one) => (typeof one === 'string' ? [] : [one])),
  };
}

type Missing = Pick<NotFound, 'strategy' | 'invariant' | 'reach'>;

/** Why it was not found, or the text of a difference: it lies in the bound, and all of that was searched. */
function judgeMissing(
  missing: Missing,
  { complete, cut }: SearchedStrategy,
  request: SearchRequest,
  shown: readonly BeyondBound[],
): NotFound | string {
  const { strategy, invariant, reach } = missing;
  const isIt = (one: BeyondBound): boolean =>
    one.strategy === strategy && one.regime === request.regime && one.invariant === invariant && one.reach === reach;
  const history = shown.find(isIt)?.history ?? null;
  const reasons = history === null ? whySmaller(request) : whyBeyond(history, strategy, request, missing);
  if (reasons.length > 0) return { ...missing, where: 'beyond', reason: reasons.join('; '), history };
  if (!complete) return { ...missing, where: 'unexplored', reason: `the search was cut (${cut})`, history };
  return `expected ${invariant} ${reach} broken, a complete search found none`;
}

/** In which way the bound is smaller than the one that has what no history is on file for. */
function whySmaller({ pages, containers, blocks, faults }: SearchRequest): string[] {
  const { pages: standardPages, containers: standardContainers, blocks: standardBlocks, faults: standardFaults } = STANDARD_BOUND;
  const pairs = [
    ['pages', pages, standardPages],
    ['containers', containers, standardContainers],
    ['blocks', blocks, standardBlocks],
    ['faults', faults, standardFaults],
  ] as const;
  return pairs.flatMap(([name, here, standard]) => {
    return here !== null && here < standard ? [`needs the standard bound: ${standard} ${name}, here ${here}`] : [];
  });
}

function distinct(pairs: readonly { invariant: Invariant; reach: Reach }[]): { invariant: Invariant; reach: Reach }[] {
  return [...new Map(pairs.map((pair) => [`${pair.invariant} ${pair.reach}`, pair])).values()];
}
