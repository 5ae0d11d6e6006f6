// SPDX-License-Identifier: MIT
import type { Strategy } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { blocked } from '../../src/controls/blocked.ts';
import { keepSharedAsPosted } from '../../src/controls/keep-shared-as-posted.ts';
import { keepShared } from '../../src/controls/keep-shared.ts';
import { uncoordinated } from '../../src/controls/uncoordinated.ts';
import { printOperation } from '../../src/history/print-history.ts';
import { runHistory } from '../../src/run-history.ts';
import { search, type SearchOptions } from '../../src/search/search.ts';
import { type SearchResult, searchVerdict } from '../../src/search/search-result.ts';
import { STANDARD_BOUND } from '../../src/search/world/world-bound.ts';
import { createWorldModel, type WorldModelOptions } from '../../src/search/world/world-model.ts';
import type { Operation } from '../../src/history/operation.ts';
import {
  answersWrongly,
  bearsGrudge,
  believesRetries,
  counting,
  hasBothFaults,
  hidesMemory,
  lacksWords,
  locksLate,
  refusesEverything,
} from './support/world-designs.ts';

const TWO_PAGES = { ...STANDARD_BOUND, pages: 2, blocks: 1 };
const ONE_PAGE = { ...STANDARD_BOUND, pages: 1, blocks: 0, containers: 1 };

function searched(strategy: Strategy, bound: WorldModelOptions, options: SearchOptions = {}): SearchResult<Operation> {
  return search(createWorldModel(strategy, bound), { recheckedStates: 64, ...options });
}

function found(result: SearchResult<Operation>): string[] {
  return result.counterexamples.map(({ property: { invariant, reach }, depth }) => `${invariant} ${reach} ${depth}`);
}

describe('the controls at two pages', () => {
  test.each([
    ['uncoordinated', uncoordinated, 493, 7_888, ['coherent live 3', 'bounded live 1', 'order live 2']],
    ['blocked', blocked, 16, 160, []],
    ['keep-shared', keepShared, 81, 1_296, ['bounded live 1']],
    ['keep-shared-as-posted', keepSharedAsPosted, 505, 8_080, ['coherent live 3', 'bounded live 1', 'order live 2']],
  ])('%s is searched to the end', (_id, strategy, states, transitions, violations) => {
    const result = searched(strategy, TWO_PAGES);
    expect([result.complete, result.by]).toEqual([true, 'words']);
    expect([result.states, result.transitions]).toEqual([states, transitions]);
    expect(found(result)).toEqual(violations);
  });

  test('the shortest way to a stale page is the one of the mail', () => {
    const stale = searched(uncoordinated, TWO_PAGES).counterexamples.find(({ property }) => property.invariant === 'coherent')!;
    expect(stale.labels.map(printOperation)).toEqual(['attach(c0)', 'convert(0+1,private)', 'convert(0+1,shared)']);
    expect(stale.explanation).toContain('c0 still leads page 0 to frame 1');
  });

  test('every counterexample is a history in which the invariant falls', () => {
    for (const strategy of [uncoordinated, keepShared, keepSharedAsPosted]) {
      const model = createWorldModel(strategy, TWO_PAGES);
      const { counterexamples } = search(model);
      expect(counterexamples.length).toBeGreaterThan(0);
      for (const { property, labels } of counterexamples) {
        const { violations } = runHistory(strategy, { world: model.spec, operations: labels });
        expect(violations).toContainEqual(expect.objectContaining(property));
      }
    }
  });

  test('in place the first attach asks to map what the kernel refuses', () => {
    const result = searched(uncoordinated, { ...TWO_PAGES, regime: 'in-place' });
    expect(result.complete).toBe(true);
    expect(found(result)).toEqual(['legal-calls live 1']);
  });

  test('more refusals are more transitions, and no fewer violations', () => {
    const [one, two] = [1, 2].map((faults) => searched(uncoordinated, { ...TWO_PAGES, faults }));
    expect(two!.states).toBeGreaterThanOrEqual(one!.states);
    expect(two!.transitions).toBeGreaterThan(one!.transitions);
    expect(found(two!)).toEqual(expect.arrayContaining(found(one!)));
  });
});

describe('what makes a search of worlds unknown', () => {
  test('a depth bound that was reached', () => {
    const result = searched(blocked, TWO_PAGES, { maxDepth: 2 });
    expect([result.complete, result.cut, searchVerdict(result)]).toEqual([false, 'depth', 'unknown']);
  });

  test('a design that never does what could be wrong', () => {
    const result = searched(refusesEverything, ONE_PAGE);
    expect([result.complete, searchVerdict(result)]).toEqual([true, 'unknown']);
    expect(result.unwitnessed).toEqual(expect.arrayContaining(['coherent', 'complete', 'order']));
  });

  test('a state that did not fit its words', () => {
    const result = searched(lacksWords, ONE_PAGE);
    expect([result.complete, result.cut]).toEqual([false, 'words']);
  });

  test('memory in secret is noticed: a state reached anew is another one', () => {
    expect(() => searched(hidesMemory, ONE_PAGE)).toThrow('a state reached anew has the words it was found with');
  });

  test('without words it goes by re-execution, to the depth it is given', () => {
    const wordless: Strategy = { ...uncoordinated, create: (host, without) => withoutWords(uncoordinated.create(host, without)) };
    const result = searched(wordless, ONE_PAGE, { maxDepth: 3, recheckedStates: 8 });
    expect([result.by, result.complete, result.cut]).toEqual(['re-execution', false, 'depth']);
    expect(found(result)).toEqual(['coherent live 3', 'bounded live 1', 'order live 2']);
  });
});

describe('recovery', () => {
  test('a retry that does not end as if nothing had been refused breaks progress', () => {
    const { counterexamples } = searched(bearsGrudge, ONE_PAGE);
    const grudge = counterexamples.find(({ property }) => property.invariant === 'progress')!;
    expect(grudge.labels.map(printOperation)).toEqual(['refuse(c0,map,1,ENOMEM,once)', 'attach(c0)']);
    expect(grudge.explanation).toContain('it answers -EBUSY instead of 0');
  });

  test('a retry that says success and has not mapped breaks atomic', () => {
    const { counterexamples } = searched(believesRetries, ONE_PAGE);
    const lie = counterexamples.find(({ property }) => property.invariant === 'atomic')!;
    expect(lie.labels.map(printOperation)).toEqual(['refuse(c0,map,1,ENOMEM,once)', 'attach(c0)']);
    expect(lie.explanation).toContain('not mapped in c0');
  });

  test('one of the two does not hide the other', () => {
    const { counterexamples } = searched(hasBothFaults, { ...ONE_PAGE, containers: 2 });
    expect(counterexamples.map(({ property }) => property.invariant)).toEqual(expect.arrayContaining(['atomic', 'progress']));
  });

  test('a control recovers from every refusal', () => {
    const { counterexamples, unwitnessed } = searched(keepShared, ONE_PAGE);
    const invariants = counterexamples.map(({ property }) => property.invariant);
    expect(invariants.filter((invariant) => invariant === 'atomic' || invariant === 'progress')).toEqual([]);
    expect(unwitnessed).not.toContain('progress');
  });
});

describe('races', () => {
  const RACES = { ...ONE_PAGE, faults: 0, races: true };

  test('what ends as neither order breaks atomic', () => {
    const { counterexamples, complete } = searched(counting(false), RACES);
    expect(complete).toBe(true);
    const lost = counterexamples.find(({ property }) => property.invariant === 'atomic')!;
    expect(lost.labels.map(printOperation)).toEqual(['convert(0+1,shared)', 'at(1,convert(0+1,shared))']);
    expect(lost.explanation).toContain('neither order');
  });

  test('a race that ends as one order and answers as neither breaks atomic', () => {
    const { counterexamples, complete } = searched(answersWrongly, RACES);
    expect(complete).toBe(true);
    const wrong = counterexamples.find(({ property }) => property.invariant === 'atomic')!;
    expect(wrong.labels.map(printOperation)).toEqual(['convert(0+1,shared)', 'at(1,convert(0+1,shared))']);
  });

  test('a lock makes it one order or the other', () => {
    const { counterexamples, complete } = searched(counting(true), RACES);
    expect(complete).toBe(true);
    expect(counterexamples.map(({ property }) => property.invariant)).not.toContain('atomic');
  });

  test('an operation that would wait half done leaves the search incomplete', () => {
    const { complete, cut } = searched(locksLate, RACES);
    expect([complete, cut]).toEqual([false, 'blocked']);
  });
});

function withoutWords<T extends { words?: unknown }>({ words: _words, ...rest }: T): Omit<T, 'words'> {
  return rest;
}
