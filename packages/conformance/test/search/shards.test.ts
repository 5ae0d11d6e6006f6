// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergeShards, whyNotShards } from '../../src/search/merge-shards.ts';
import { search, Search, type SearchOptions, type ShardResult } from '../../src/search/search.ts';
import type { SearchModel } from '../../src/search/search-model.ts';
import type { SearchResult } from '../../src/search/search-result.ts';
import { settings } from '../support/settings.ts';
import { Counters } from './support/counters.ts';
import { anyGraph, GraphModel } from './support/graph-model.ts';

function shardsOf<Label>(createModel: () => SearchModel<Label>, of: number, options: SearchOptions = {}): ShardResult<Label>[] {
  return Array.from({ length: of }, (_, index) => {
    const run = new Search(createModel(), { ...options, shard: { index, of } });
    while (run.advance(7));
    return run.shardResult();
  });
}

/** What does not depend on who met what first. */
function facts({ complete, cut, by, states, transitions, covers, counterexamples, unwitnessed }: SearchResult<unknown>): unknown {
  return { complete, cut, by, states, transitions, covers, unwitnessed, broken: counterexamples.map(({ property }) => property) };
}

const lengths = ({ counterexamples }: SearchResult<unknown>): number[] => counterexamples.map(({ depth }) => depth);

describe('the shards of a search', () => {
  test('join to the whole search', () => {
    const createModel = (): Counters => new Counters({ count: 3, top: 4, wrongSum: 5 });
    const shards = shardsOf(createModel, 4);
    const whole = search(createModel());
    expect(facts(mergeShards(shards))).toEqual(facts(whole));
    expect(mergeShards(shards)).toMatchObject({ depth: whole.depth, isShortest: true });
    // The work was divided, and none of it done twice.
    expect(shards.reduce((sum, { transitions }) => sum + transitions, 0)).toBe(whole.transitions);
    for (const { transitions } of shards) expect(transitions).toBeLessThan(whole.transitions / 2);
  });

  test('join to the whole search on any graph', () => {
    fc.assert(
      fc.property(anyGraph, fc.integer({ min: 1, max: 4 }), (graph, of) => {
        const merged = mergeShards(shardsOf(() => new GraphModel(graph), of));
        const whole = search(new GraphModel(graph));
        expect(facts(merged)).toEqual(facts(whole));
        if (!merged.isShortest) return;
        expect(lengths(merged)).toEqual(lengths(whole));
        expect(merged.depth).toBe(whole.depth);
      }),
      settings(400),
    );
  });

  test('are sometimes as far as the whole search and sometimes not, and say so', () => {
    const seen = { sure: 0, unsure: 0, longer: 0 };
    for (const graph of fc.sample(anyGraph, { numRuns: 400, seed: 1 })) {
      const merged = mergeShards(shardsOf(() => new GraphModel(graph), 3));
      const isLonger = lengths(merged).join() !== lengths(search(new GraphModel(graph))).join();
      seen[merged.isShortest ? 'sure' : 'unsure'] += 1;
      if (isLonger) seen.longer += 1;
    }
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0);
  });

  test('of which one was cut are not complete', () => {
    const createModel = (): Counters => new Counters({ count: 3, top: 4 });
    const [first] = shardsOf(createModel, 2);
    const [, second] = shardsOf(createModel, 2, { maxStates: 20 });
    expect(mergeShards([first!, second!])).toMatchObject({ complete: false, cut: 'memory' });
  });

  test('give up in the middle of the spine and beyond it', () => {
    for (const advanced of [5, 125, 140]) {
      const run = new Search(new Counters({ count: 3, top: 4 }), { shard: { index: 0, of: 2 } });
      run.advance(advanced);
      expect(run.shardResult()).toMatchObject({ complete: false, cut: 'interrupt' });
    }
  });
});

describe('whyNotShards', () => {
  const parts = (of: number, top = 2) => shardsOf(() => new Counters({ count: 2, top }), of).map(({ part }) => part);

  test('has nothing against all shards of one search, in any order', () => {
    expect(whyNotShards(parts(3).toReversed())).toBeUndefined();
  });

  test.each([
    ['none', () => [], 'there is no shard'],
    ['one too few', () => parts(3).slice(1), 'shard 1/3 is there 0 times'],
    ['one twice', () => [...parts(3), parts(3)[2]!], 'shard 3/3 is there 2 times'],
    ['those of differently many', () => [parts(2)[0]!, parts(3)[1]!], 'they are shards of differently many'],
    ['those of two searches', () => [parts(2)[0]!, parts(2, 3)[1]!], 'they met different states along the spine: other bounds, or another version of the design'],
  ])('refuses %s', (_, make, why) => {
    expect(whyNotShards(make())).toBe(why);
  });

  test('stops a join of two searches', () => {
    const [first] = shardsOf(() => new Counters({ count: 2, top: 2 }), 2);
    const [, second] = shardsOf(() => new Counters({ count: 2, top: 3 }), 2);
    expect(() => mergeShards([first!, second!])).toThrow('the shards are those of one search');
  });
});
