// SPDX-License-Identifier: MIT
// The two containers of the per-page model change names: proved for a design, or refused; alone and together with pages.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PageSymmetry } from '../../src/search/page-symmetry.ts';
import { ContainerRenaming, renamingOf } from '../../src/search/per-page/container-renaming.ts';
import { createPerPageModel } from '../../src/search/per-page/per-page-model.ts';
import { proveContainerSymmetry } from '../../src/search/per-page/prove-container-symmetry.ts';
import { provePageSymmetry } from '../../src/search/per-page/prove-page-symmetry.ts';
import { search } from '../../src/search/search.ts';
import { type SearchResult, searchVerdict } from '../../src/search/search-result.ts';
import type { Symmetry } from '../../src/search/symmetry.ts';
import { settings } from '../support/settings.ts';
import { pageDesign, type PageFault } from './support/page-design.ts';

const FAULTS = [undefined, 'no-replay', 'no-veto', 'refuses', 'throws'] as const;

function pagesOf(fault: PageFault | undefined, pages: number): PageSymmetry {
  const proven = provePageSymmetry(pageDesign(fault), { pages });
  if ('whyNot' in proven) throw new Error(proven.whyNot);
  return proven.symmetry;
}

function containersOf(fault: PageFault | undefined, pages: number, inner?: PageSymmetry): Symmetry {
  const proven = proveContainerSymmetry(pageDesign(fault), { pages }, inner);
  if ('whyNot' in proven) throw new Error(proven.whyNot);
  return proven.symmetry;
}

/** What a reduction may not change. */
function factsOf({ complete, depth, covers, states, transitions, counterexamples, unwitnessed, ...rest }: SearchResult<unknown>): unknown {
  const verdict = searchVerdict({ complete, depth, covers, states, transitions, counterexamples, unwitnessed, ...rest });
  const shown = counterexamples.map((one) => [one.property, one.depth]);
  return { verdict, complete, depth, shown, unwitnessed, covers: covers ?? { states, transitions } };
}

describe('container symmetry on the per-page model', () => {
  test.each(FAULTS)('leaves the verdict of %s as it is, and stands for every state', (fault) => {
    const pages = 2;
    const whole = search(createPerPageModel(pageDesign(fault), { pages }));
    const reduced = search(createPerPageModel(pageDesign(fault), { pages }), { symmetry: containersOf(fault, pages) });
    expect(factsOf(reduced)).toEqual(factsOf(whole));
    expect(reduced.states).toBeLessThan(whole.states);
  });

  test('keeps three states of four, as one of two containers is there in as many ways as the other', () => {
    const { states } = search(createPerPageModel(pageDesign(), { pages: 4 }), { symmetry: containersOf(undefined, 4) });
    expect(states).toBe(4 ** 4 * 3);
  });

  test.each<[PageFault | undefined, number]>([
    [undefined, 5],
    ['no-veto', 4],
    ['no-replay', 3],
  ])('goes together with page symmetry (%s, %i pages)', (fault, pages) => {
    const inner = pagesOf(fault, pages);
    const whole = search(createPerPageModel(pageDesign(fault), { pages }));
    const both = search(createPerPageModel(pageDesign(fault), { pages }), { symmetry: containersOf(fault, pages, inner) });
    const byPages = search(createPerPageModel(pageDesign(fault), { pages }), { symmetry: inner });
    expect(factsOf(both)).toEqual(factsOf(whole));
    expect(both.states).toBeLessThan(byPages.states);
  });
});

describe('a container symmetry is refused', () => {
  const whyNotOf = (fault: PageFault | undefined, hasWords = true, inner?: PageSymmetry): unknown =>
    proveContainerSymmetry(pageDesign(fault, hasWords), { pages: 4 }, inner);

  test.each<[PageFault, string]>([
    ['unequal-containers', 'is refused by one of them in vain'],
    ['no-rollback', 'tells c0 first, which keeps what it was told'],
  ])('to a design that treats one container otherwise: %s %s', (fault) => {
    expect(whyNotOf(fault)).toEqual({ whyNot: 'it treats c0 otherwise than c1' });
  });

  test('to a design whose words hold both in one', () => {
    expect(whyNotOf('packed-words')).toEqual({ whyNot: 'word 3 of its state holds pages of both containers' });
  });

  test('to a design without words', () => {
    expect(whyNotOf(undefined, false)).toEqual({ whyNot: 'its state cannot be stored in words' });
  });

  test('beside pages that are planes of one container only', () => {
    expect(whyNotOf(undefined, true, new PageSymmetry([0, 1, 2, 5, 6, 8], 4))).toEqual({
      whyNot: 'c0 has a word with a bit for each page where c1 has another one',
    });
  });
});

describe('a renaming learned from pairs', () => {
  /** Words 0 to 3 stay or change places, 4 and 5 exchange bits: any pairing, any bits. */
  const planted = fc.record({ order: fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), bits: fc.uniqueArray(fc.nat({ max: 7 }), { minLength: 4, maxLength: 4 }) });
  const states = (minLength: number) => fc.array(fc.array(fc.nat({ max: 255 }), { minLength: 6, maxLength: 6 }), { minLength, maxLength: 60 });

  test('is one that all of them obey, and its own inverse', () => {
    fc.assert(
      fc.property(planted, states(40), states(1), ({ order, bits }, learned, unseen) => {
        const exchanged = (word: number, one: number, other: number): number => {
          const differ = ((word >> one) ^ (word >> other)) & 1;
          return word ^ (differ << one) ^ (differ << other);
        };
        const rename = (words: readonly number[]): number[] => {
          const renamed = [...words];
          [renamed[order[0]!], renamed[order[1]!]] = [words[order[1]!]!, words[order[0]!]!];
          renamed[4] = exchanged(exchanged(words[4]!, bits[0]!, bits[1]!), bits[2]!, bits[3]!);
          return renamed;
        };
        const renaming = new ContainerRenaming(6, []);
        for (const words of learned) expect(renaming.learn(Int32Array.from(words), Int32Array.from(rename(words)))).toBeUndefined();
        const found = renamingOf(renaming.origins()!);
        const applied = (words: readonly number[]): number[] => {
          const to = new Int32Array(6);
          found(Int32Array.from(words), 0, to);
          return [...to];
        };
        for (const words of [...learned, ...unseen]) expect(applied(words)).toEqual(rename(words));
        for (const words of unseen) expect(applied(applied(words))).toEqual(words);
      }),
      settings(100),
    );
  });

  test('is held against what is known', () => {
    const renaming = new ContainerRenaming(2, [{ word: 0, swaps: [{ shift: 2, mask: 0b11 }] }]);
    expect(renaming.learn(Int32Array.of(0b0110, 7), Int32Array.of(0b1001, 7))).toBeUndefined();
    expect(renaming.learn(Int32Array.of(0b0110, 7), Int32Array.of(0b0110, 7))).toBe(0);
  });

  test('says which word cannot be renamed', () => {
    const renaming = new ContainerRenaming(2, []);
    expect(renaming.learn(Int32Array.of(1, 2), Int32Array.of(2, 1))).toBeUndefined();
    expect(renaming.learn(Int32Array.of(4, 8), Int32Array.of(8, 5))).toBe(1);
  });

  test('is none where words do not lead back', () => {
    const renaming = new ContainerRenaming(3, []);
    renaming.learn(Int32Array.of(3, 7, 15), Int32Array.of(7, 15, 3));
    expect(renaming.origins()).toBeUndefined();
  });

  test('is none where bits do not lead back', () => {
    const renaming = new ContainerRenaming(1, []);
    for (const [word, renamed] of [[1, 2], [2, 4], [4, 1]] as const) renaming.learn(Int32Array.of(word), Int32Array.of(renamed));
    expect(renaming.origins()).toBeUndefined();
  });
});
