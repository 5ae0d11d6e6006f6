// SPDX-License-Identifier: MIT
// Shards as documents and their join. The model is a toy: a ring of states with shortcuts and strays off its spine.
import { type Operation, Search, type SearchModel, worldSpec } from '@sda-lab/conformance';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { describeStrategy } from '../src/search/describe-strategy.ts';
import { mergeDocuments } from '../src/search/merge-documents.ts';
import { SEARCH_SCHEMA_ID, type SearchDocument, type SearchedStrategy, searchSchema } from '../src/search/search-document.ts';
import { runSearch } from './support/run-search.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

/** 0..29 along the spine; off it, -n beside each n, with a violation at -20. */
class Ring implements SearchModel {
  readonly wordCount = 1;
  readonly transitionCount = 3;
  readonly spine = Uint8Array.of(1, 0, 0);
  readonly always = [{ invariant: 'bounded', reach: 'live' }] as const;
  readonly sometimes = [{ name: 'round' }, { name: 'never', excludedBy: 'design' }];
  readonly violated = 1;
  witnessed = 0;
  #at = 0;

  reset(): void {
    this.#at = 0;
  }

  store(words: Int32Array, at: number): void {
    words[at] = this.#at;
  }

  load(words: Int32Array, at: number): void {
    this.#at = words[at]!;
  }

  step(transition: number): number {
    if (transition === 2) return this.#at === 0 ? 0 : 1;
    if (transition === 1) this.#at = -this.#at;
    else if (this.#at < 0) return 0;
    else this.#at = (this.#at + 1) % 30;
    if (this.#at === 0) this.witnessed |= 1;
    return this.#at === -20 ? 2 | 8 : 2;
  }

  label(transition: number): readonly Operation[] {
    return [{ op: 'touch', page: transition }];
  }

  explain(): string {
    return `at ${this.#at}`;
  }
}

const REQUEST: SearchDocument['request'] = {
  model: 'per-page',
  named: true,
  pages: 3,
  containers: null,
  blocks: null,
  faults: null,
  regime: 'two-backend',
  races: false,
  symmetry: [],
  everyStep: false,
  without: [],
  depth: null,
  memoryMiB: 64,
};

const searched = { id: 'ring', without: [], world: worldSpec(), seconds: 2 };
const documentOf = (strategy: SearchedStrategy): SearchDocument => ({
  schema: SEARCH_SCHEMA_ID,
  request: REQUEST,
  strategies: [strategy],
  differences: [],
  notFound: [],
  matchesExpectations: null,
});

function shardDocument(index: number, of: number, maxStates = 1000): SearchDocument {
  const run = new Search(new Ring(), { shard: { index, of }, maxStates });
  while (run.advance(10));
  const { part, ...result } = run.shardResult();
  return documentOf(describeStrategy({ ...searched, result, part }));
}

function wholeDocument(): SearchDocument {
  const run = new Search(new Ring());
  while (run.advance(10));
  return documentOf(describeStrategy({ ...searched, result: run.result(), part: null }));
}

const named = (...documents: readonly SearchDocument[]) => documents.map((document, at) => ({ name: `${at}.json`, text: JSON.stringify(document) }));

describe('merge', () => {
  it.each([1, 2, 5])('makes of %i shards what the whole search says', (of) => {
    const documents = Array.from({ length: of }, (_, index) => shardDocument(index, of));
    for (const document of documents) expect(v.safeParse(searchSchema, document).issues).toBeUndefined();
    const [whole] = wholeDocument().strategies;
    const [merged] = mergeDocuments(named(...documents)).strategies;
    expect(merged).toEqual({ ...whole, seconds: 2 * of, transitionsPerSecond: Math.round(whole!.transitions / (2 * of)) });
    expect(merged).toMatchObject({ verdict: 'broken', complete: true, states: 59 });
  });

  it('prints a document, and what it says, with the exit code of the verdict', async () => {
    const folder = temporaryFolder();
    for (const index of [0, 1]) writeFileSync(join(folder, `${index}.json`), JSON.stringify(shardDocument(index, 2)));
    const json = await runSearch(['merge', '1.json', '0.json', '--json'], { folder });
    expect(json.code).toBe(1);
    expect(v.safeParse(searchSchema, JSON.parse(json.out)).issues).toBeUndefined();
    const { code, out } = await runSearch(['merge', '0.json', '1.json'], { folder });
    expect(code).toBe(1);
    expect(out).toMatch(/ring +broken +yes +59 /);
    expect(out).toContain('bounded: live, 21 operations');
  });

  it('of a shard that was cut is not complete', () => {
    const [merged] = mergeDocuments(named(shardDocument(0, 2), shardDocument(1, 2, 20))).strategies;
    expect(merged).toMatchObject({ complete: false, cut: 'memory', isShortest: false });
  });
});

describe('merge refuses', () => {
  const other = (document: SearchDocument, change: Partial<SearchDocument['request']>): SearchDocument => ({ ...document, request: { ...REQUEST, ...change } });
  const broken = (): SearchDocument => {
    const document = shardDocument(0, 1);
    const [strategy] = document.strategies;
    return documentOf({ ...strategy!, part: { ...strategy!.part!, strays: { ...strategy!.part!.strays, words: '' } } });
  };

  it.each<[string, () => { name: string; text: string }[], string]>([
    ['what is no JSON', () => [{ name: 'a.json', text: '{' }], 'a.json is no JSON document; merge takes what search --shard I/N --json wrote'],
    ['another document', () => [{ name: 'a.json', text: '{"schema":"sda-lab/conform@1"}' }], 'a.json is no document of search --shard I/N --json'],
    ['a shard too few', () => named(shardDocument(0, 2)), 'the shards of ring do not make a whole: shard 2/2 is there 0 times'],
    ['a shard twice', () => named(shardDocument(0, 2), shardDocument(0, 2)), 'shard 1/2 is there 2 times'],
    ['a whole search', () => named(wholeDocument()), 'the search of ring is whole in one of the files'],
    ['other bounds', () => named(shardDocument(0, 2), other(shardDocument(1, 2), { pages: 4 })), '1.json and 0.json are not of one search'],
    ['strays that do not fit', () => named(broken()), 'the strays of ring, shard 1/1, do not fit each other'],
  ])('%s', (_, files, why) => {
    expect(() => mergeDocuments(files())).toThrow(why);
  });

  it('a file that is not there', async () => {
    await expect(runSearch(['merge', 'none.json'], { folder: temporaryFolder() })).rejects.toThrow('none.json cannot be read (ENOENT)');
  });
});
