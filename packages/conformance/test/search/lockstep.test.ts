// SPDX-License-Identifier: MIT
// Two designs through every history: what only the one breaks, and whether anything tells them apart.
import type { Strategy } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { keepSharedAsPosted } from '../../src/controls/keep-shared-as-posted.ts';
import { keepShared } from '../../src/controls/keep-shared.ts';
import { uncoordinated } from '../../src/controls/uncoordinated.ts';
import { INVARIANTS } from '../../src/judge/invariant.ts';
import { KIND_MASK, MISSED, NOT_ENABLED, VIOLATED } from '../../src/search/search-model.ts';
import { search } from '../../src/search/search.ts';
import { createLockstepModel } from '../../src/search/world/lockstep-model.ts';
import { createTwinModel, type TwinModel } from '../../src/search/world/twin-model.ts';
import type { WorldBound } from '../../src/search/world/world-bound.ts';
import { createWorldModel } from '../../src/search/world/world-model.ts';
import { bearsGrudge, believesRetries, counting, lacksWords, refusesEverything, remembering } from './support/world-designs.ts';

const ONE_PAGE: WorldBound = { pages: 1, containers: 1, blocks: 0, faults: 1, regime: 'two-backend' };
const TWO_CONTAINERS: WorldBound = { ...ONE_PAGE, containers: 2 };

const plain = remembering('plain', () => ({}));

function maskOf(invariant: (typeof INVARIANTS)[number]): number {
  return 3 << (2 * INVARIANTS.indexOf(invariant));
}

function lockstep(mutant: Strategy, carrier: Strategy, wanted: number, bound: WorldBound = ONE_PAGE) {
  const model = createLockstepModel({ mutant: createWorldModel(mutant, bound), carrier: createWorldModel(carrier, bound), wanted });
  return search(model, { until: wanted, recheckedStates: 64 });
}

describe('in lockstep', () => {
  test('what the carrier never breaks is found where it is found alone', () => {
    const wanted = maskOf('coherent');
    const [alone] = search(createWorldModel(keepSharedAsPosted, ONE_PAGE), { until: wanted }).counterexamples.filter(
      ({ property }) => property.invariant === 'coherent',
    );
    const { cut, counterexamples } = lockstep(keepSharedAsPosted, keepShared, wanted);
    expect(cut).toBe('found');
    expect(counterexamples).toEqual([alone]);
  });

  test('what both break alike is held against neither', () => {
    const wanted = maskOf('bounded');
    expect(search(createWorldModel(keepShared, ONE_PAGE), { until: wanted }).cut).toBe('found');
    expect(lockstep(keepShared, keepShared, wanted)).toMatchObject({ complete: true, counterexamples: [] });
  });

  test('nothing but what is wanted is told', () => {
    expect(lockstep(keepSharedAsPosted, keepShared, maskOf('rights'))).toMatchObject({ complete: true, counterexamples: [] });
  });

  test('a design without words is refused', () => {
    const wordless: Strategy = { ...keepShared, create: (...given) => ({ ...keepShared.create(...given), words: undefined! }) };
    expect(() => lockstep(wordless, keepShared, 1)).toThrow('both have words');
  });

  test('a state that did not fit its words leaves a hole', () => {
    expect(lockstep(keepShared, lacksWords, maskOf('rights'))).toMatchObject({ complete: false, cut: 'words' });
  });

  // By the definition alone: every history of up to three operations, each design anew for each.
  test.each([
    ['keep-shared-as-posted', keepSharedAsPosted, keepShared],
    ['uncoordinated', uncoordinated, keepShared],
    ['keep-shared', keepShared, uncoordinated],
    ['believes-retries', believesRetries, bearsGrudge],
  ])('%s breaks nothing earlier or later than histories taken one by one show', (_id, mutant, carrier) => {
    const expected = nearestOfEach(mutant, carrier);
    for (const invariant of INVARIANTS) {
      const { counterexamples } = lockstep(mutant, carrier, maskOf(invariant));
      const depth = Math.min(Infinity, ...counterexamples.map((one) => one.depth));
      expect([invariant, depth <= 3 ? depth : Infinity]).toEqual([invariant, expected.get(invariant) ?? Infinity]);
    }
  });
});

const isTaken = (flags: number): boolean => ![NOT_ENABLED, MISSED].includes(flags & KIND_MASK);

/** By invariant, operations of a shortest history, up to three, that breaks what the carrier does not break in it. */
function nearestOfEach(mutant: Strategy, carrier: Strategy): Map<string, number> {
  const nearest = new Map<string, number>();
  const count = createWorldModel(mutant, ONE_PAGE).transitionCount;
  let ways: number[][] = [[]];
  for (let depth = 1; depth <= 3; depth += 1) {
    const longer = ways.flatMap((way) => Array.from({ length: count }, (_, transition) => [...way, transition]));
    ways = [];
    for (const way of longer) {
      const own = brokenIn(mutant, way, false);
      if (own === undefined) continue;
      ways.push(way);
      const other = brokenIn(carrier, way, true)!;
      const excused = other.reduce((sum, mask) => sum | mask, 0);
      for (const invariant of INVARIANTS) {
        const wanted = maskOf(invariant);
        if (!nearest.has(invariant) && (own.at(-1)! & wanted) !== 0 && (excused & wanted) === 0) nearest.set(invariant, depth);
      }
    }
  }
  return nearest;
}

/** What each step breaks; a refusal that does not come makes it no history, or is left out where that is allowed. */
function brokenIn(strategy: Strategy, way: readonly number[], mayGoUnrefused: boolean): number[] | undefined {
  const model = createWorldModel(strategy, ONE_PAGE);
  const taken: number[] = [];
  const broken: number[] = [];
  for (const transition of way) {
    let flags = model.step(transition);
    taken.push(transition);
    if (!isTaken(flags)) {
      if (!mayGoUnrefused) return undefined;
      taken.splice(-1, 1, model.plainOf(transition));
      model.reset();
      for (const one of taken) flags = model.step(one);
    }
    broken.push((flags & VIOLATED) === 0 ? 0 : model.violated);
  }
  return broken;
}

function twins(changed: Strategy, original: Strategy, bound: WorldBound = TWO_CONTAINERS) {
  const model: TwinModel = createTwinModel(createWorldModel(changed, bound), createWorldModel(original, bound));
  const result = search(model, { recheckedStates: 64 });
  return { ...result, differences: model.differences };
}

describe('twins', () => {
  test.each([keepShared, uncoordinated, plain])('$id is its own, and has the states it has alone', (strategy) => {
    const { states, transitions } = search(createWorldModel(strategy, TWO_CONTAINERS));
    expect(twins(strategy, { ...strategy })).toMatchObject({ complete: true, differences: 0, states, transitions });
  });

  test.each([
    ['what the judge finds', keepSharedAsPosted, keepShared],
    ['an answer', refusesEverything, plain],
    ['an answer after a refusal', bearsGrudge, plain],
    ['nothing but what is remembered', counting(false), plain],
  ])('differ in %s', (_what, changed, original) => {
    expect(twins(changed, original).differences).toBeGreaterThan(0);
  });

  test('have words of the same kind', () => {
    expect(() => twins(keepShared, plain)).toThrow('both remember the same');
  });
});
