// SPDX-License-Identifier: MIT
// What a search sees of planted mistakes: wrapped parts are those that words know, and a memory of a plant is state.
import { createWorldModel, mutate, passOn, type Plant, search, type SearchResult, type WorldBound } from '@sda-lab/conformance';
import type { Strategy } from '@sda-lab/guest-memory';
import { notifierList } from '@sda-lab/notifier-list';
import { extendedRdm, multiSourceRdm } from '@sda-lab/rdm-manager';
import { describe, expect, test } from 'vitest';
import { type Mutant, MUTANTS } from '../src/index.ts';
import { rememberedMap, rememberedSet, rememberedSets } from '../src/remembered.ts';

const SMALL: WorldBound = { pages: 2, containers: 1, blocks: 1, faults: 1, regime: 'two-backend' };
const ONE_PAGE: WorldBound = { ...SMALL, pages: 1, blocks: 0 };

function searched(strategy: Strategy, bound: WorldBound = SMALL): SearchResult<unknown> {
  return search(createWorldModel(strategy, bound), { recheckedStates: 100 });
}

const consumers: Plant = { consumer: (consumer) => passOn(consumer, {}) };
const sources: Plant = { source: (source) => ({ ...source, isPlugged: (first, end) => source.isPlugged(first, end) }) };

describe('wrappers that pass everything on', () => {
  test.each([
    { what: 'consumers', carrier: extendedRdm, plant: consumers, bound: SMALL },
    { what: 'consumers', carrier: notifierList, plant: consumers, bound: SMALL },
    { what: 'consumers', carrier: multiSourceRdm, plant: consumers, bound: ONE_PAGE },
    { what: 'consumers and sources', carrier: notifierList, plant: { ...consumers, ...sources }, bound: SMALL },
  ])('$what of $carrier.id are no other state than the carrier has', ({ carrier, plant, bound }) => {
    const { states, transitions } = searched(carrier, bound);
    expect(searched(mutate(carrier, () => plant), bound)).toMatchObject({ complete: true, by: 'words', states, transitions });
  });
});

/** Counts conversions, and from the third on maps nothing any more. */
function tires(isTold: boolean): Strategy {
  return mutate(extendedRdm, () => {
    let count = 0;
    return {
      ...(isTold && { memory: () => ({ save: () => String(Math.min(count, 3)), restore: (text) => (count = Number(text)) }) }),
      consumer: (consumer) => passOn(consumer, { mapRun: (...run) => (count > 2 ? 0 : consumer.mapRun(...run)) }),
      instance: (instance) => ({
        ...instance,
        convert: (request, to) => {
          count += 1;
          return instance.convert(request, to);
        },
      }),
    };
  });
}

describe('a plant that remembers', () => {
  test('tells its memory, and the shortest history has what it takes', () => {
    const { complete, by, counterexamples } = searched(tires(true), ONE_PAGE);
    expect([complete, by]).toEqual([true, 'words']);
    expect(counterexamples.find(({ property }) => property.invariant === 'complete')).toMatchObject({ depth: 4 });
  });

  test('is noticed when it does not', () => {
    expect(() => searched(tires(false), ONE_PAGE)).toThrow(/what a search found broken is broken|reached anew has the words/);
  });

  test('has none to search by where its carrier has no words', () => {
    const wordless: Strategy = { ...extendedRdm, create: (...given) => ({ ...extendedRdm.create(...given), words: undefined! }) };
    const told = mutate(wordless, () => ({ ...consumers, ...sources, memory: () => ({ save: () => '', restore: () => undefined }) }));
    expect(search(createWorldModel(told, SMALL), { maxDepth: 1 }).by).toBe('re-execution');
  });
});

describe('memories as text', () => {
  test('a set is the same whichever way it was filled, and comes back', () => {
    const [one, other] = [new Set(['b', 'a']), new Set(['a', 'b', 'c'])];
    other.delete('c');
    expect(rememberedSet(other).save()).toBe(rememberedSet(one).save());
    const text = rememberedSet(one).save();
    rememberedSet(other).restore('');
    expect([...other]).toEqual([]);
    rememberedSet(other).restore(text);
    expect(other).toEqual(one);
  });

  test('several sets keep what is whose', () => {
    const [first, second] = [new Set(['a']), new Set<string>()];
    const text = rememberedSets(first, second).save();
    expect(rememberedSets(second, first).save()).not.toBe(text);
    rememberedSets(second, first).restore(text);
    expect([[...first], [...second]]).toEqual([[], ['a']]);
  });

  test('a map keeps its order', () => {
    const map = new Map([['b', 2], ['a', 1]]);
    const memory = rememberedMap(map, (name) => (name === 'a' ? 1 : 2));
    const text = memory.save();
    memory.restore('a');
    expect([...map]).toEqual([['a', 1]]);
    memory.restore(text);
    expect([...map]).toEqual([['b', 2], ['a', 1]]);
  });
});

/** In a world where it lives; the first states, each reached anew to see that its words say all. */
function firstStates({ strategy, carrier, parts, backends = ['type1v2'], regimes }: Mutant): SearchResult<unknown> {
  const [regime] = regimes ?? carrier.capabilities.regimes;
  const model = createWorldModel(strategy, { ...SMALL, regime: regime!, backends, ...(parts && { parts }) });
  return search(model, { maxStates: 60, recheckedStates: 60 });
}

test('every mutant can be searched by words, and they leave nothing out that shows early', () => {
  expect(MUTANTS.filter((mutant) => firstStates(mutant).by !== 'words').map(({ id }) => id)).toEqual([]);
});
