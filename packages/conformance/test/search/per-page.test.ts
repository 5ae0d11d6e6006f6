// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printOperation } from '../../src/history/print-history.ts';
import { mergeShards } from '../../src/search/merge-shards.ts';
import { pageWorld } from '../../src/search/per-page/page-history.ts';
import { createPerPageModel } from '../../src/search/per-page/per-page-model.ts';
import { provePageSymmetry } from '../../src/search/per-page/prove-page-symmetry.ts';
import { pageOperations } from '../../src/search/per-page/transitions.ts';
import { KIND_MASK, NEXT, TWIN } from '../../src/search/search-model.ts';
import { search, Search } from '../../src/search/search.ts';
import { searchVerdict } from '../../src/search/search-result.ts';
import { World } from '../../src/world/world.ts';
import { reference } from '../strategies/reference.ts';
import { settings } from '../support/settings.ts';
import { pageDesign, type PageFault } from './support/page-design.ts';

/** Sides, plug states, and who is attached; and what can be done in each. */
const statesOf = (pages: number): number => 4 ** pages * 4;
const operationsOf = (pages: number): number => 6 * pages + 2 * (pages + 1);

describe('the per-page model', () => {
  test.each([
    [1, 16, 160],
    [2, 64, 1152],
    [3, 256, 6656],
    [5, 4096, 172_032],
  ])('of %i pages has %i states and %i transitions', (pages, states, transitions) => {
    const result = search(createPerPageModel(pageDesign(), { pages }), { recheckedStates: 100 });
    expect(result).toMatchObject({ complete: true, by: 'words', states, transitions, depth: 2 * pages + 2, counterexamples: [], unwitnessed: [] });
    expect(searchVerdict(result)).toBe('holds');
    expect([states, transitions]).toEqual([statesOf(pages), statesOf(pages) * operationsOf(pages)]);
  });

  test.each<[PageFault, readonly string[]]>([
    ['no-rollback', ['bounded 4', 'atomic 4', 'progress 5', 'legal-calls 5']],
    ['no-replay', ['complete 3']],
    ['no-teardown', ['bounded 6', 'atomic 7', 'progress 5', 'hotplug 4', 'legal-calls 5']],
    ['no-veto', ['complete 3']],
    ['refuses', ['progress 2']],
    ['throws', ['nonfatal 4']],
    ['unequal-pages', ['complete 5']],
  ])('finds %s by a nearest way: %o', (fault, expected) => {
    const result = search(createPerPageModel(pageDesign(fault), { pages: 2 }), { recheckedStates: 100 });
    expect(result.complete).toBe(true);
    expect(result.counterexamples.map(({ property, depth }) => `${property.invariant} ${depth}`)).toEqual(expected);
  });

  test.each<PageFault | undefined>([undefined, 'no-rollback', 'no-replay', 'no-teardown', 'no-veto', 'refuses', 'throws', 'unequal-pages'])(
    'says of %s the same when every refusal is stepped, met or not',
    (fault) => {
      const [some, every] = [false, true].map((everyStep) => search(createPerPageModel(pageDesign(fault), { pages: 2, everyStep })));
      expect(some).toEqual(every);
    },
  );

  test('knows after an operation which refusals of it are not met, in that state only', () => {
    const model = createPerPageModel(pageDesign(), { pages: 1 });
    const kindOf = (transition: number): number => model.step(transition) & KIND_MASK;
    const words = new Int32Array(model.wordCount);
    const [convert, refusedAtC0, plug, attachC0] = [0, 1, 3, 6];
    model.reset();
    model.store(words, 0);
    model.load!(words, 0);
    expect(kindOf(refusedAtC0)).toBe(NEXT);
    model.load!(words, 0);
    expect(kindOf(convert)).toBe(NEXT);
    expect(kindOf(refusedAtC0)).toBe(NEXT);
    model.load!(words, 0);
    expect(kindOf(refusedAtC0)).toBe(TWIN);
    expect(kindOf(attachC0)).toBe(NEXT);
    expect(kindOf(plug)).toBe(NEXT);
    model.store(words, 0);
    model.load!(words, 0);
    expect(kindOf(refusedAtC0)).toBe(NEXT);
    model.load!(words, 0);
    expect(kindOf(convert)).toBe(NEXT);
    model.load!(words, 0);
    // Now the page is due, and c0 is there to refuse it: undone, the state is what it was.
    expect(kindOf(refusedAtC0)).toBe(NEXT);
    expect(kindOf(refusedAtC0 + 1)).toBe(TWIN);
  });

  test('tells a violation as operations of a world, and why', () => {
    const { counterexamples } = search(createPerPageModel(pageDesign('no-rollback'), { pages: 2 }));
    const [{ labels, explanation }] = counterexamples as [(typeof counterexamples)[number]];
    expect(labels.map(printOperation).join('; ')).toBe(
      'convert(1+1,shared); attach(c0); attach(c1); refuse(c1,map,1,ENOMEM,once); plug(m0,0+1)',
    );
    expect(explanation).toBe(
      'Let page 0 be shared and no page plugged; c0 is attached and has page 0 mapped; c1 is attached and has no page mapped. ' +
        'Then no page must be mapped in attached containers, and nothing else. However, a page that is not due is mapped.',
    );
  });

  test.each([
    [1, ['complete', 'bounded', 'atomic', 'hotplug', 'legal-calls', 'nonfatal']],
    [3, ['bounded']],
    [4, []],
  ])('has not shown what could not fail within %i operations: %o', (maxDepth, unwitnessed) => {
    expect(search(createPerPageModel(pageDesign(), { pages: 1 }), { maxDepth }).unwitnessed).toEqual(unwitnessed);
  });

  test('does in a world what it does by itself, and the refusal meets the same page', () => {
    const pages = 3;
    const model = createPerPageModel(pageDesign(), { pages });
    const operations = pageOperations(pages);
    const mapped = (world: World, at: number): number => bitsWhere(pages, (page) => world.judge.isMapped(at, 1 + page));
    fc.assert(
      fc.property(fc.array(fc.nat({ max: model.transitionCount - 1 }), { maxLength: 25, size: 'max' }), (transitions) => {
        model.reset();
        const world = new World(pageWorld(pages, true), reference, { record: true });
        const { section } = world.layout.spanAt(1);
        for (const transition of transitions) {
          const labels = model.label(transition);
          for (const operation of labels) world.apply(operation);
          model.step(transition);
          const { containers, plugged } = model.machine;
          expect([mapped(world, 0), mapped(world, 1)]).toEqual(containers.map((one) => one.mapped));
          expect(bitsWhere(pages, (page) => world.judge.isPlugged(1 + page))).toBe(plugged);
          if (labels.length === 1) continue;
          const refused = world.events.findLast((event) => event.kind === 'map' && event.status !== 0);
          expect(refused).toMatchObject({ firstGfn: section.firstGfn + operations[transition]!.refusedPage });
        }
        expect(world.judge.violations).toEqual([]);
      }),
      settings(60),
    );
  });

  test.each(['no-rollback', 'no-veto', undefined] as const)('is searched in shards as it is whole (%s)', (fault) => {
    const createModel = () => createPerPageModel(pageDesign(fault), { pages: 3 });
    const shards = [0, 1, 2].map((index) => {
      const run = new Search(createModel(), { shard: { index, of: 3 } });
      while (run.advance(100));
      return run.shardResult();
    });
    const { states, transitions, depth, counterexamples, bytes: _, ...rest } = search(createModel());
    const merged = mergeShards(shards);
    expect(merged).toMatchObject({ ...rest, states, transitions, depth });
    expect(merged.counterexamples.map(({ property, labels }) => [property, labels.length])).toEqual(
      counterexamples.map(({ property, labels }) => [property, labels.length]),
    );
  });
});

describe('page symmetry on the per-page model', () => {
  const symmetryOf = (fault: PageFault | undefined, pages: number) => {
    const proven = provePageSymmetry(pageDesign(fault), { pages });
    if ('whyNot' in proven) throw new Error(proven.whyNot);
    return proven.symmetry;
  };

  test.each<[PageFault | undefined, number]>([
    [undefined, 4],
    ['no-rollback', 4],
    ['no-teardown', 3],
    ['no-replay', 4],
  ])('leaves the verdict of %s as it is, and stands for every state', (fault, pages) => {
    const whole = search(createPerPageModel(pageDesign(fault), { pages }));
    const reduced = search(createPerPageModel(pageDesign(fault), { pages }), { symmetry: symmetryOf(fault, pages) });
    expect(reduced.states).toBeLessThan(whole.states / 3);
    expect(reduced.covers).toEqual({ states: whole.states, transitions: whole.transitions });
    expect(reduced.depth).toBe(whole.depth);
    expect(searchVerdict(reduced)).toBe(searchVerdict(whole));
    expect(reduced.counterexamples.map(({ property, depth }) => [property, depth])).toEqual(
      whole.counterexamples.map(({ property, depth }) => [property, depth]),
    );
  });

  test('reaches 14 pages', () => {
    const result = search(createPerPageModel(pageDesign(), { pages: 14 }), { symmetry: symmetryOf(undefined, 14) });
    const covers = { states: statesOf(14), transitions: statesOf(14) * operationsOf(14) };
    expect(result).toMatchObject({ complete: true, states: 2720, transitions: 310_080, covers });
  });

  test.each<[PageFault, string]>([
    ['unequal-pages', 'it treats page 0 otherwise than page 1'],
    ['throws', 'it treats page 0 otherwise than page 1'],
  ])('is refused for %s: %s', (fault, whyNot) => {
    expect(provePageSymmetry(pageDesign(fault), { pages: 4 })).toEqual({ whyNot });
  });

  test('is refused for a design without words', () => {
    expect(provePageSymmetry(pageDesign(undefined, false), { pages: 4 })).toEqual({ whyNot: 'its state cannot be stored in words' });
  });
});

describe('words that leave something out', () => {
  test('are found when a state is reached anew', () => {
    expect(() => search(createPerPageModel(pageDesign('short-words'), { pages: 2 }), { recheckedStates: 1000 })).toThrow(
      /reached anew|operations are repeated/,
    );
  });
});

function bitsWhere(pages: number, holds: (page: number) => boolean): number {
  return Array.from({ length: pages }, (_, page) => (holds(page) ? 1 << page : 0)).reduce((sum, bit) => sum | bit, 0);
}
