// SPDX-License-Identifier: MIT
// Searches for one violation: they end where it is nearest, and are like any other where there is none.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Search, search } from '../../src/search/search.ts';
import { searchVerdict } from '../../src/search/search-result.ts';
import { settings } from '../support/settings.ts';
import { Counters } from './support/counters.ts';
import { anyGraph, GraphModel, plainSearch } from './support/graph-model.ts';

const counters = { count: 3, top: 4 };

describe('a search for a violation', () => {
  test('ends with the state that has it, not complete and decided', () => {
    const model = new Counters({ ...counters, wrongSum: 5 });
    const whole = search(model);
    const result = search(model, { until: 1 });
    expect(result).toMatchObject({ complete: false, cut: 'found', isShortest: true });
    expect(result.counterexamples).toEqual(whole.counterexamples);
    expect(result.transitions).toBeLessThan(whole.transitions / 2);
    expect(searchVerdict(result)).toBe('broken');
  });

  test('goes to the end where nothing is wrong', () => {
    const model = new Counters(counters);
    expect(search(model, { until: 1 })).toEqual(search(model));
  });

  test('says found, and nothing else, when it is asked once more', () => {
    const run = new Search(new Counters({ ...counters, wrongSum: 1 }), { until: 1 });
    expect([run.advance(1), run.advance(1), run.progress.expanded]).toEqual([false, false, 1]);
    expect(run.result().cut).toBe('found');
  });

  test('has found nothing where its depth ends before', () => {
    const result = search(new Counters({ ...counters, wrongSum: 5 }), { until: 1, maxDepth: 3 });
    expect(result).toMatchObject({ cut: 'depth', counterexamples: [] });
  });

  test('is no shard, which may not have the nearest one', () => {
    const model = new Counters(counters);
    expect(() => new Search(model, { until: 1, shard: { index: 0, of: 2 } })).toThrow(/goes to its end/);
  });
});

test('in any graph a nearest violation of what it is for is found, and others are passed by', () => {
  fc.assert(
    fc.property(anyGraph, fc.constantFrom(0, 1, 2, 3), (graph, until) => {
      const { nearest, states } = plainSearch(graph);
      const wanted = nearest.filter((_, property) => (until & (1 << property)) !== 0);
      const expected = Math.min(Infinity, ...wanted);
      const result = search(new GraphModel(graph), { until });
      const isWanted = (invariant: string): boolean => (until & (invariant === 'coherent' ? 1 : 2)) !== 0;
      const depths = result.counterexamples.flatMap(({ property, depth }) => (isWanted(property.invariant) ? [depth] : []));
      expect(Math.min(Infinity, ...depths)).toBe(expected);
      expect(result.cut).toBe(expected === Infinity ? undefined : 'found');
      expect(expected === Infinity ? result.states : states).toBe(states);
    }),
    settings(500),
  );
});
