// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Search, search } from '../../src/search/search.ts';
import { searchVerdict } from '../../src/search/search-result.ts';
import { settings } from '../support/settings.ts';
import { Counters, countersFacts, countersWithin } from './support/counters.ts';
import { anyGraph, type Graph, GraphModel, plainSearch } from './support/graph-model.ts';

const counters = { count: 3, top: 4 };

describe('a search', () => {
  test('counts what there is to count', () => {
    const { states, transitions, depth } = countersFacts(counters);
    expect(search(new Counters(counters), { recheckedStates: 1000 })).toMatchObject({
      complete: true,
      cut: undefined,
      by: 'words',
      states,
      transitions,
      depth,
      covers: undefined,
      counterexamples: [],
      isShortest: true,
    });
    expect([states, transitions, depth]).toEqual([125, 975, 12]);
  });

  test('shows a nearest violation, as the operations that lead to it', () => {
    const { complete, states, counterexamples } = search(new Counters({ ...counters, wrongSum: 5 }));
    expect(counterexamples).toEqual([
      {
        property: { invariant: 'bounded', reach: 'live' },
        depth: 5,
        labels: ['up 0', 'up 0', 'up 0', 'up 0', 'up 1'],
        explanation: 'the sum is 5',
      },
    ]);
    // What is broken is searched to the end as well.
    expect({ complete, states }).toEqual({ complete: true, states: 125 });
  });

  test.each([0, 1, 5, 11])('with a depth bound of %i meets what is within, and is not complete', (maxDepth) => {
    const { complete, cut, states, depth } = search(new Counters(counters), { maxDepth });
    expect({ complete, cut, states, depth }).toEqual({
      complete: false,
      cut: 'depth',
      states: countersWithin(counters, maxDepth),
      depth: maxDepth,
    });
  });

  test('is complete only once the farthest states have been expanded too', () => {
    expect(search(new Counters(counters), { maxDepth: 12 })).toMatchObject({ complete: false, cut: 'depth', states: 125 });
    expect(search(new Counters(counters), { maxDepth: 13 })).toMatchObject({ complete: true, cut: undefined, states: 125 });
  });

  test('finds a violation that is as far as its bound, and none that is farther', () => {
    const model = new Counters({ ...counters, wrongSum: 5 });
    expect(search(model, { maxDepth: 4 }).counterexamples).toEqual([]);
    expect(search(model, { maxDepth: 5 }).counterexamples).toHaveLength(1);
  });

  test.each([{ maxStates: 1 }, { maxStates: 124 }, { maxBytes: 2000 }])('that may not hold more (%o) is unknown, never right', (bounds) => {
    const result = search(new Counters(counters), bounds);
    expect(result).toMatchObject({ complete: false, cut: 'memory' });
    expect(searchVerdict(result)).toBe('unknown');
    expect(result.bytes).toBeLessThanOrEqual(bounds.maxBytes ?? Infinity);
  });

  test('that may hold exactly what there is holds', () => {
    const result = search(new Counters(counters), { maxStates: 125 });
    expect(result).toMatchObject({ complete: true, states: 125 });
    expect(searchVerdict(result)).toBe('holds');
  });

  test('that is given up says what is known', () => {
    const run = new Search(new Counters({ ...counters, wrongSum: 1 }));
    expect(run.advance(10)).toBe(true);
    expect(run.progress).toMatchObject({ expanded: 10, depth: 2 });
    const result = run.result();
    expect(result).toMatchObject({ complete: false, cut: 'interrupt', depth: 3 });
    expect(result.counterexamples).toHaveLength(1);
    expect(searchVerdict(result)).toBe('broken');
    expect(run.advance(1000)).toBe(false);
    expect(run.progress.expanded).toBe(10);
  });

  test('comes to the same result in one go and step by step', () => {
    const run = new Search(new Counters({ ...counters, wrongSum: 7 }));
    let calls = 0;
    while (run.advance(1)) calls += 1;
    expect(calls).toBeGreaterThanOrEqual(124);
    expect(run.result()).toEqual(search(new Counters({ ...counters, wrongSum: 7 })));
  });
});

describe('a sometimes', () => {
  const sometimes = [{ name: 'reached' }, { name: 'too far' }, { name: 'not offered', excludedBy: 'height' }];

  test('that never happened makes the search unknown', () => {
    const result = search(new Counters({ count: 1, top: 1, sometimes }));
    expect(result).toMatchObject({ complete: true, unwitnessed: ['too far'], excluded: [{ name: 'not offered', by: 'height' }] });
    expect(searchVerdict(result)).toBe('unknown');
  });

  test('that happened, or is excluded, does not', () => {
    const result = search(new Counters({ count: 1, top: 2, sometimes }));
    expect(result).toMatchObject({ complete: true, unwitnessed: [] });
    expect(searchVerdict(result)).toBe('holds');
  });

  test('says nothing against what is broken', () => {
    expect(searchVerdict(search(new Counters({ count: 1, top: 1, wrongSum: 1, sometimes })))).toBe('broken');
  });
});

describe('on any graph', () => {
  const depthOf = (property: number, graph: Graph, maxDepth?: number): number => plainSearch(graph, maxDepth).nearest[property]!;

  test('a search counts what a plain one counts, and its counterexamples are as short', () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        const result = search(new GraphModel(graph), { recheckedStates: 100 });
        const plain = plainSearch(graph);
        expect(result).toMatchObject({ complete: true, states: plain.states, transitions: plain.transitions, depth: plain.depth });
        const invariants = ['coherent', 'bounded'];
        const found = result.counterexamples.map(({ property, depth, labels }) => [invariants.indexOf(property.invariant), depth, labels.length]);
        const expected = [0, 1].filter((property) => depthOf(property, graph) < Infinity);
        expect(found).toEqual(expected.map((property) => [property, depthOf(property, graph), depthOf(property, graph)]));
      }),
      settings(400),
    );
  });

  test('a bounded search meets what a plain bounded one meets', () => {
    fc.assert(
      fc.property(anyGraph, fc.nat({ max: 6 }), (graph, maxDepth) => {
        const { states, transitions, complete } = search(new GraphModel(graph), { maxDepth });
        const plain = plainSearch(graph, maxDepth);
        expect({ states, transitions }).toEqual({ states: plain.states, transitions: plain.transitions });
        expect(complete).toBe(plain.depth < maxDepth);
      }),
      settings(200),
    );
  });

  test('two searches are one', () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        expect(search(new GraphModel(graph))).toEqual(search(new GraphModel(graph)));
      }),
      settings(50),
    );
  });
});
