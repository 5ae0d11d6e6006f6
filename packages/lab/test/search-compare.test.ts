// SPDX-License-Identifier: MIT
// What searches found, held against expectations: planted differences, what lies beyond a bound and why, exit codes.
import { type Expectations, EXPECTATIONS_SCHEMA_ID, type Invariant, type Reach, STANDARD_BOUND } from '@sda-lab/conformance';
import { describe, expect, it } from 'vitest';
import type { BeyondBound } from '../src/search/beyond-bound.ts';
import { compareSearch } from '../src/search/compare-search.ts';
import { exitOfSearch } from '../src/search/exit-of-search.ts';
import { searchBlocks } from '../src/search/search-blocks.ts';
import { SEARCH_SCHEMA_ID, type SearchDocument, type SearchedStrategy } from '../src/search/search-document.ts';
import type { SearchRequest } from '../src/search/search-request.ts';
import { whyBeyond } from '../src/search/why-beyond.ts';
import { toTerminal } from '../src/text/to-terminal.ts';

const REQUEST: SearchRequest = {
  model: 'world',
  named: false,
  ...STANDARD_BOUND,
  races: false,
  symmetry: [],
  everyStep: false,
  without: [],
  depth: null,
  memoryMiB: 64,
};

type Found = readonly [Invariant, Reach];

/** A search of `uncoordinated` that found this. */
function searched(found: readonly Found[], change: Partial<SearchedStrategy> = {}): SearchedStrategy {
  const counterexamples = found.map(([invariant, reach]) => {
    return { invariant, reach, depth: 1, history: 'reset', explanation: 'why', replay: 'how' };
  });
  return {
    id: 'uncoordinated',
    verdict: found.length > 0 ? 'broken' : 'holds',
    notApplicable: false,
    complete: true,
    cut: null,
    by: 'words',
    states: 1,
    transitions: 1,
    covers: null,
    depth: 1,
    seconds: 1,
    transitionsPerSecond: 1,
    isShortest: true,
    counterexamples,
    unwitnessed: [],
    excluded: [],
    part: null,
    ...change,
  };
}

/** `uncoordinated` is broken on this backend in these ways. */
function expecting(rows: readonly (readonly [string, Invariant, Reach])[], outcome: 'broken' | 'n-a' = 'broken'): Expectations {
  const common = { strategy: 'uncoordinated', regime: 'two-backend', basis: 'source', source: 'the tests' } as const;
  return {
    schema: EXPECTATIONS_SCHEMA_ID,
    rows: [
      { ...common, backend: '*', invariant: '*', outcome, stops: false },
      ...rows.map(([backend, invariant, reach]) => {
        return { ...common, backend: backend as 'type1v2', invariant, outcome: 'broken', reach } as const;
      }),
    ],
  };
}

const EXPECTED = expecting([
  ['type1v2', 'coherent', 'live'],
  ['iommufd', 'bounded', 'live'],
  ['vfio-user', 'order', 'live'],
]);
const FOUND: readonly Found[] = [['coherent', 'live'], ['bounded', 'live']];
const beyond = (invariant: Invariant, reach: Reach, history: string): BeyondBound => {
  return { strategy: 'uncoordinated', regime: 'two-backend', invariant, reach, history };
};

const where = 'uncoordinated on type1v2 and iommufd, two-backend';
const STAYS = 'attach(c0); refuse(c0,map,1,ENOMEM); convert(0+1,private)';

describe('what a search found', () => {
  it('equals the expectations of all its backends together, and of no other', () => {
    expect(compareSearch(REQUEST, [searched(FOUND)], EXPECTED)).toEqual({ differences: [], notFound: [], matchesExpectations: true });
  });

  it.each<[string, SearchedStrategy, Expectations, string]>([
    ['an invariant too many', searched([...FOUND, ['order', 'live']]), EXPECTED, 'order live broken, not expected'],
    [
      'another reach',
      searched(FOUND),
      expecting([
        ['type1v2', 'coherent', 'latent'],
        ['iommufd', 'coherent', 'live'],
        ['iommufd', 'bounded', 'live'],
      ]),
      'expected coherent latent broken, a complete search found none',
    ],
    ['what is latent alone', searched([...FOUND, ['isolated', 'latent']]), EXPECTED, 'isolated latent broken, not expected'],
    ['an invariant too few', searched([['coherent', 'live']]), EXPECTED, 'expected bounded live broken, a complete search found none'],
    ['n-a that is none', searched([], { verdict: 'holds' }), expecting([], 'n-a'), 'expected n-a'],
    ['n-a that was not expected', searched([], { notApplicable: true }), expecting([]), 'not applicable, not expected'],
  ])('differs by %s', (_, strategy, expectations, difference) => {
    const compared = compareSearch(REQUEST, [strategy], expectations);
    expect(compared).toEqual({ differences: [`${where}: ${difference}`], notFound: [], matchesExpectations: false });
  });

  it('may be latent behind what is live, as expected', () => {
    const { matchesExpectations } = compareSearch(REQUEST, [searched([...FOUND, ['bounded', 'latent']])], EXPECTED);
    expect(matchesExpectations).toBe(true);
  });

  it('differs where nothing is on file', () => {
    const { differences } = compareSearch(REQUEST, [searched(FOUND, { id: 'blocked' })], EXPECTED);
    expect(differences).toEqual(['blocked on type1v2 and iommufd, two-backend: no expectation is on file']);
  });

  it('is not compared with a part left out, nor where pages go one by one', () => {
    const nothing = { differences: [], notFound: [], matchesExpectations: null };
    expect(compareSearch({ ...REQUEST, without: ['x'] }, [searched([])], EXPECTED)).toEqual(nothing);
    expect(compareSearch({ ...REQUEST, model: 'per-page' }, [searched([])], EXPECTED)).toEqual(nothing);
  });

  it('is asked for one backend only where there is one container', () => {
    const compared = compareSearch({ ...REQUEST, containers: 1 }, [searched([['coherent', 'live']])], EXPECTED);
    expect(compared.matchesExpectations).toBe(true);
  });
});

describe('what was not found', () => {
  const missing = [searched([['coherent', 'live']])];

  it('needs random search where its history has what no search has', () => {
    const { notFound, differences, matchesExpectations } = compareSearch(REQUEST, missing, EXPECTED, [beyond('bounded', 'live', STAYS)]);
    expect(notFound).toEqual([
      { strategy: 'uncoordinated', invariant: 'bounded', reach: 'live', where: 'beyond', reason: '8 pages of RAM; a refusal that stays', history: STAYS },
    ]);
    expect([differences, matchesExpectations]).toEqual([[], true]);
  });

  it('is a difference where its history lies within the bound', () => {
    const inside = beyond('bounded', 'live', 'world(pages=1); attach(c0); refuse(c0,map,1,ENOMEM,once); convert(0+1,private)');
    const { notFound, differences } = compareSearch(REQUEST, missing, EXPECTED, [inside]);
    expect([notFound, differences]).toEqual([[], [`${where}: expected bounded live broken, a complete search found none`]]);
  });

  it('is undecided where the search was cut', () => {
    const cut = [searched([['coherent', 'live']], { complete: false, cut: 'memory' })];
    const { notFound, differences, matchesExpectations } = compareSearch(REQUEST, cut, EXPECTED);
    expect(notFound).toMatchObject([{ invariant: 'bounded', where: 'unexplored', reason: 'the search was cut (memory)', history: null }]);
    expect([differences, matchesExpectations]).toEqual([[], false]);
  });

  it('may need the standard bound where this one is smaller', () => {
    const { notFound, matchesExpectations } = compareSearch({ ...REQUEST, pages: 2, blocks: 1 }, missing, EXPECTED);
    expect(notFound).toMatchObject([
      { where: 'beyond', reason: 'needs the standard bound: 3 pages, here 2; needs the standard bound: 2 blocks, here 1' },
    ]);
    expect(matchesExpectations).toBe(true);
  });

  it('is told to people with the reason', () => {
    const compared = compareSearch(REQUEST, [searched([['order', 'live']], { complete: false, cut: 'depth' })], EXPECTED, [beyond('bounded', 'live', STAYS)]);
    const document: SearchDocument = { schema: SEARCH_SCHEMA_ID, request: { ...REQUEST, symmetry: [], without: [] }, strategies: [], ...compared, differences: [...compared.differences], notFound: [...compared.notFound] };
    expect(toTerminal(searchBlocks(document)).split('\n\n').slice(-2).join('\n\n')).toBe(`\
Expected broken and not found here:
  uncoordinated, coherent live: undecided, the search was cut (depth)
  uncoordinated, bounded live: needs random search, 8 pages of RAM; a refusal that stays

Not as expected:
  ${where}: order live broken, not expected
`);
  });
});

describe('a history lies beyond the bound', () => {
  const why = (history: string, request: Partial<SearchRequest> = {}): string[] =>
    whyBeyond(history, 'uncoordinated', { ...REQUEST, ...request }, { invariant: 'order', reach: 'live' });

  it.each<[string, string[]]>([
    ['world(pages=3); attach(c0); touch(0); convert(0+3,shared); detach(c0)', []],
    ['world(containers=c0:iommufd, pages=1, vmem=2x1); plug(m0,0+2); unplug(m0,0+1); unplug-all(m0); del-source(m0); add-source(m0)', []],
    ['world(pages=1); attach(c0); refuse(c0,map,2,ENOMEM,once); convert(0+1,shared); refuse(c0,unmap,1,EBUSY,once); detach(c0)', []],
    ['world(pages=2, vmem=1x2); touch(0)', ['4 pages of RAM']],
    ['world(pages=1, vmem=1x1,1x1); touch(0)', ['2 virtio-mem devices']],
    ['world(pages=1, vmem=1x1,1x1@m0); touch(0)', ['a second source over one block']],
    ['world(pages=1, vmem=2x1/1); touch(0)', ['dynamic memslots']],
    ['world(pages=1, vmem=2x1:shared); touch(0)', ['a device without guest_memfd']],
    ['world(containers=c0:vfio-user, pages=1); touch(0)', ['a container of vfio-user']],
    ['world(containers=c0:iommufd,c1:iommufd, pages=1); touch(0)', ['2 containers of iommufd']],
    ['world(containers=c0:type1v2/2, pages=1); touch(0)', ['IOMMU pages above a page']],
    ['world(containers=c0:type1v2+viommu, pages=1); touch(0)', ['a viommu device']],
    ['world(pages=1, firmware=1); touch(0)', ['firmware']],
    ['world(pages=2, hugetlb=2); touch(0)', ['huge pages of the shared side']],
    ['world(pages=1, onRefusal=retry); touch(0)', ['a VMM that hands refusals to the guest (onRefusal=retry)']],
    ['world(pages=1, tee=snp); touch(0)', ['tee=snp']],
    ['world(pages=1, limit=3); touch(0)', ['the mapping limit']],
    ['world(pages=1); balloon(0+1); heal; balloon(0+1)', ['balloon is not searched', 'heal is not searched']],
    ['world(pages=1); migrate(load)', ['migrate(load) is not searched']],
    ['world(pages=1); refuse(c0,map,1,EPERM,once); attach(c0)', ['map refused with EPERM']],
    ['world(pages=1); refuse(c0,map,1,ENOMEM); attach(c0)', ['a refusal that stays']],
    ['world(pages=1); refuse(c0,map,1,ENOMEM,once); refuse(c0,unmap,1,EBUSY,once); attach(c0)', ['2 refusals in one operation']],
    ['world(pages=1); attach(c0); at(1,detach(c0))', ['an operation inside another one (--races)']],
  ])('%s: %o', (history, reasons) => {
    expect(why(history)).toEqual(reasons);
  });

  it('with more of the same, no longer', () => {
    expect(why('world(pages=1); attach(c0); at(1,detach(c0))', { races: true })).toEqual([]);
    expect(why('world(pages=2, vmem=1x2); touch(0)', { pages: 4 })).toEqual([]);
    expect(why('world(pages=1, vmem=3x1); touch(0)', { pages: 4, blocks: 2 })).toEqual(['3 blocks']);
  });

  it('which is seen when everything is detached at last', () => {
    const history = 'world(pages=1); attach(c0)';
    const leaves = { invariant: 'bounded', reach: 'live' };
    expect(whyBeyond(history, 'keep-shared', REQUEST, leaves)).toEqual([]);
  });
});

describe('the exit code of a search', () => {
  const document = (change: Partial<SearchDocument>): SearchDocument => ({
    schema: SEARCH_SCHEMA_ID,
    request: { ...REQUEST, symmetry: [], without: [] },
    strategies: [searched(FOUND)],
    differences: [],
    notFound: [],
    matchesExpectations: true,
    ...change,
  });
  const named = { ...REQUEST, named: true, symmetry: [], without: [] };
  const shard = { ...searched(FOUND), part: {} as SearchedStrategy['part'] };

  it.each<[string, number, Partial<SearchDocument>]>([
    ['of a named broken strategy that was expected to be', 1, { request: named }],
    ['of a named one that holds', 0, { request: named, strategies: [searched([])] }],
    ['of a named one that is unknown', 2, { request: named, strategies: [searched([], { verdict: 'unknown' })] }],
    ['of all, as expected', 0, {}],
    ['of all, one differs', 1, { differences: ['x'], matchesExpectations: false }],
    ['of all, something undecided', 2, { matchesExpectations: false }],
    ['of pages one by one', 1, { matchesExpectations: null }],
    ['of a shard of all', 0, { strategies: [shard], matchesExpectations: null }],
    ['of a shard that was cut', 2, { strategies: [{ ...shard, complete: false, cut: 'memory' }], matchesExpectations: null }],
    ['of a shard with something unexpected', 1, { strategies: [shard], differences: ['x'], matchesExpectations: null }],
  ])('%s is %i', (_, code, change) => {
    expect(exitOfSearch(document(change))).toBe(code);
  });
});
