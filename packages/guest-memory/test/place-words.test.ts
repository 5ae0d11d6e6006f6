// SPDX-License-Identifier: MIT
import { Bitmap } from '@sda-lab/core-bitmap';
import { DesignWords, PLACE_BITS, PlaceWords, type Words } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const KNOWN = ['a', 'b', 'c', 'd', 'e'];

/** A list of letters, of which some are known, and how often it was replaced. */
function createList(...letters: string[]) {
  const owner = { letters: letters as readonly string[], writes: 0 };
  const write = (list: readonly string[]): void => {
    owner.letters = list;
    owner.writes += 1;
  };
  const list = { read: () => owner.letters, write, isSame: (one: string, other: string) => one === other };
  return { owner, words: new PlaceWords(list, KNOWN) };
}

function stored(words: Words): number[] {
  const into = new Int32Array(words.count);
  words.store(into, 0);
  return [...into];
}

const someInOrder = fc.shuffledSubarray(KNOWN);

describe('words of an ordered list', () => {
  test('places/stored: each member has its place, counted from 1, and 0 while it is not in', () => {
    expect(stored(createList('d', 'a').words)).toEqual([2, 0, 0, 1, 0]);
    expect(stored(createList().words)).toEqual([0, 0, 0, 0, 0]);
  });

  test('places/loaded: whatever the list was, it is the stored one', () => {
    fc.assert(
      fc.property(someInOrder, someInOrder, (left, other) => {
        const into = createList(...other);
        into.words.load(Int32Array.from(stored(createList(...left).words)), 0);
        expect(into.owner.letters).toEqual(left);
      }),
      { seed: 5, numRuns: 500 },
    );
  });

  test('places/same: a list that is as it was is left alone', () => {
    fc.assert(
      fc.property(someInOrder, (letters) => {
        const { owner, words } = createList(...letters);
        words.load(Int32Array.from(stored(words)), 0);
        expect(owner.writes).toBe(0);
      }),
      { seed: 5, numRuns: 100 },
    );
  });

  test('places/above: what an owner keeps above a place is not looked at', () => {
    const { owner, words } = createList();
    words.load(Int32Array.of(2 | (7 << PLACE_BITS), 0, 0, 1 | (9 << PLACE_BITS), 0), 0);
    expect(owner.letters).toEqual(['d', 'a']);
  });

  test.each([
    ['somebody unknown', ['a', 'z']],
    ['somebody who is in twice', ['a', 'b', 'a']],
  ])('places/whole: %s does not fit, and a load ends it', (_who, letters) => {
    const { owner, words } = createList(...letters);
    stored(words);
    expect(words.isWhole).toBe(false);
    words.load(Int32Array.of(1, 0, 0, 0, 0), 0);
    expect(owner.letters).toEqual(['a']);
    stored(words);
    expect(words.isWhole).toBe(true);
  });

  test('places/many: 255 members have words, 256 do not', () => {
    const list = { read: () => [], write: () => undefined, isSame: () => false };
    expect(new PlaceWords(list, Array.from({ length: 255 })).count).toBe(255);
    expect(() => new PlaceWords(list, Array.from({ length: 256 }))).toThrow('a place among the members fits its bits');
  });
});

describe('words of a design', () => {
  test('design/parts: bitmaps first, then the other parts, each in its place', () => {
    const [small, large] = [new Bitmap(5), new Bitmap(40)];
    small.set(0, 1);
    large.set(39, 40);
    const { owner, words } = createList('c');
    const design = new DesignWords([small, large], [words]);
    const into = new Int32Array(design.count + 1);
    design.store(into, 1);
    expect([...into]).toEqual([0, 1, 0, 1 << 7, 0, 0, 1, 0, 0]);
    design.load(new Int32Array(design.count), 0);
    expect([small.test(0), large.test(39), owner.letters]).toEqual([false, false, []]);
    design.load(into, 1);
    expect([small.test(0), large.test(39), owner.letters]).toEqual([true, true, ['c']]);
  });

  test('design/whole: it is whole when every part is', () => {
    const [known, unknown] = [createList('a'), createList('z')];
    const design = new DesignWords([], [unknown.words, known.words]);
    stored(design);
    expect(design.isWhole).toBe(false);
    unknown.owner.letters = [];
    stored(design);
    expect(design.isWhole).toBe(true);
  });

  test('design/none: without anything to remember it has no words', () => {
    const design = new DesignWords([], []);
    expect([design.count, stored(design), design.isWhole]).toEqual([0, [], true]);
  });
});
