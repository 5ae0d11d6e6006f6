// SPDX-License-Identifier: MIT
/*
 * What the tree remembers beside its bits (planes, their summary, counts) is true after any writes; and what happens when
 * one of them is not: the audit says so, and so do the answers that the naive model is compared with.
 */
import { Bitmap, forEachRunOfBoth, forEachRunWhere } from '@sda-lab/core-bitmap';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countOneRun } from '../src/_internals/one-run.ts';
import { ALL_CLEAR, ALL_SET, GROUP_COUNTS, HAS_CLEAR, HAS_SET, LEVEL_SHIFT, SUMMARY, TOTAL } from '../src/_internals/radix.ts';
import type { Radix } from '../src/_internals/radix.ts';
import { countBits } from '../src/_internals/words.ts';
import { treeOf } from '../src/bitmap.ts';
import { boundaryCuts, everyCut, steps } from './arbitraries.ts';
import { answersAbout, between } from './check.ts';
import { Model } from './model.ts';

/** Set bits below a slot, counted from the bits themselves; writes what it finds untrue on the way to `untruths`. */
function countTrue(tree: Radix, slot: number, shift: number, untruths: string[]): number {
  if (slot === 0) return 0;
  if (slot === -1) return 2 ** shift;
  if (slot < -1) return countOneRun(slot, shift);
  if (shift === 9) return mixed(countBits(tree.leaves.words, slot - 1, 0, 511), shift, 'leaf', untruths);
  const words = tree.nodes.words.subarray(slot - 1);
  const groups = Array.from({ length: 16 }, () => 0);
  const planes = { [HAS_SET]: new Int32Array(16), [HAS_CLEAR]: new Int32Array(16) };
  for (let index = 0; index < 512; index += 1) {
    const below = countTrue(tree, words[index]!, shift - LEVEL_SHIFT, untruths);
    groups[index >>> 5]! += below;
    if (below > 0) planes[HAS_SET][index >>> 5]! |= 1 << (index & 31);
    if (below < 2 ** (shift - LEVEL_SHIFT)) planes[HAS_CLEAR][index >>> 5]! |= 1 << (index & 31);
  }
  const total = groups.reduce((sum, each) => sum + each, 0);
  if (words[TOTAL] !== total) untruths.push(`total ${words[TOTAL]} instead of ${total}`);
  for (let group = 0; group < 16; group += 1) {
    if (words[GROUP_COUNTS + group] !== groups[group]) untruths.push(`count of group ${group}`);
    for (const [plane, bit] of [[HAS_SET, group], [HAS_CLEAR, 16 + group]] as const) {
      const word = planes[plane][group]!;
      if (words[plane + group] !== word) untruths.push(`plane ${plane}, word ${group}`);
      if (((words[SUMMARY]! >>> bit) & 1) !== (word === 0 ? 0 : 1)) untruths.push(`summary, bit ${bit}`);
    }
  }
  return mixed(total, shift, 'node', untruths);
}

function mixed(count: number, shift: number, kind: string, untruths: string[]): number {
  if (count === 0 || count === 2 ** shift) untruths.push(`a ${kind} is uniform`);
  return count;
}

function untruthsOf(bits: Bitmap): string[] {
  const tree = treeOf(bits)!;
  const untruths: string[] = [];
  for (const [index, slot] of tree.root.entries()) {
    countTrue(tree, slot, tree.rootShift, untruths);
    if (((tree.rootHasSet >>> index) & 1) !== (slot === ALL_CLEAR ? 0 : 1)) untruths.push(`root has set, slot ${index}`);
    if (((tree.rootHasClear >>> index) & 1) !== (slot === ALL_SET ? 0 : 1)) untruths.push(`root has clear, slot ${index}`);
  }
  return untruths;
}

describe.each([
  { name: 'bit by bit', cuts: everyCut.filter((cuts) => cuts.length > 33) },
  { name: 'at boundaries up to 2^31 bits', cuts: boundaryCuts.filter((cuts) => cuts.at(-1)! > 32) },
])('the tree of a bitmap $name', ({ cuts }) => {
  test('remembers nothing that is not so, after every write', () => {
    fc.assert(
      fc.property(cuts, steps, (at, writes) => {
        const bits = new Bitmap(at.at(-1)!);
        for (const { range, value } of writes) {
          bits.assign(...between(at, range), value);
          expect(untruthsOf(bits)).toEqual([]);
        }
      }),
      { seed: 6, numRuns: 40 },
    );
  });
});

describe.each([
  { fault: 'a group count that is one too many', at: GROUP_COUNTS, change: (word: number) => word + 1, seenIn: 'popcount' },
  { fault: 'a plane that misses its first set slot', at: HAS_SET, change: (word: number) => word & (word - 1), seenIn: 'setRuns' },
  { fault: 'a plane that misses all clear slots', at: HAS_CLEAR, change: () => 0, seenIn: 'clearRuns' },
  { fault: 'a summary that says nothing is set', at: SUMMARY, change: (word: number) => word & ~0xffff, seenIn: 'setRuns' },
])('$fault', ({ at, change, seenIn }) => {
  // Slots 2, 100 and 300 of a gigabyte, so that its searches go by planes and summary.
  const cuts = [0, 1024, 1536, 51_200, 51_712, 153_600, 153_700, 262_144, 524_288];
  const make = (): { bits: Bitmap; model: Model } => {
    const bits = new Bitmap(524_288);
    const model = new Model(cuts);
    for (const [first, end] of [[1024, 1536], [51_200, 51_712], [153_600, 153_700]] as const) {
      bits.assign(first, end, true);
      model.assign(first, end, true);
    }
    return { bits, model };
  };

  test('is found by the audit and shows in an answer', () => {
    const { bits, model } = make();
    expect(answersAbout(bits, 0, 524_288)).toEqual(answersAbout(model, 0, 524_288));
    expect(untruthsOf(bits)).toEqual([]);
    const tree = treeOf(bits)!;
    const word = tree.root[0]! - 1 + at;
    tree.nodes.words[word] = change(tree.nodes.words[word]!);
    expect(untruthsOf(bits)).not.toEqual([]);
    const [low, high] = seenIn === 'popcount' ? [0, 153_600] : [0, 524_288];
    expect(answersAbout(bits, low, high)[seenIn]).not.toBe(answersAbout(model, low, high)[seenIn]);
  });
});

test('planes of the root that miss a slot are found by the audit, and show in a walk', () => {
  const bits = new Bitmap(524_288);
  bits.set(0, 5);
  const tree = treeOf(bits)!;
  expect(untruthsOf(bits)).toEqual([]);
  tree.rootHasSet = 0;
  expect(untruthsOf(bits)).toEqual(['root has set, slot 0']);
  expect(bits.forEachSetRun(0, 524_288, () => 1)).toBe(0);
  tree.rootHasSet = 1;
  tree.rootHasClear = 0;
  expect(untruthsOf(bits)).toEqual(['root has clear, slot 0', 'root has clear, slot 1']);
  expect(bits.forEachClearRun(0, 524_288, () => 1)).toBe(0);
});

describe('a walk over two large bitmaps', () => {
  test('goes on after a callback that walks both, and writes to them below its run', () => {
    const [one, other] = [new Bitmap(524_288), new Bitmap(524_288)];
    for (let bit = 0; bit < 524_288; bit += 1000) one.set(bit, Math.min(524_288, bit + 700));
    for (let bit = 0; bit < 524_288; bit += 1300) other.set(bit, Math.min(524_288, bit + 900));
    const runsBy = (walk: (emit: (first: number, end: number) => number) => unknown): string[] => {
      const runs: string[] = [];
      walk((first, end) => runs.push(`${first}-${end}`) && 0);
      return runs;
    };
    const model = runsBy((emit) => {
      for (let bit = 0, start = -1; bit <= 524_288; bit += 1) {
        const isBoth = bit < 524_288 && one.test(bit) && other.test(bit);
        if (isBoth && start < 0) start = bit;
        if (!isBoth && start >= 0) start = emit(start, bit) - 1;
      }
    });
    const conditions = [{ bits: one, is: true }, { bits: other, is: true }];
    const nested = new Set<number>();
    const seen = runsBy((emit) =>
      forEachRunWhere(conditions, 0, 524_288, (first, end) => {
        nested.add(runsBy((inner) => forEachRunOfBoth(one, other, end, 524_288, inner)).length);
        one.clear(first, end);
        return emit(first, end);
      }),
    );
    expect(seen).toEqual(model);
    expect([...nested]).toEqual(model.map((_, at) => model.length - 1 - at));
  });

  test('gives back what it borrowed when the callback throws', () => {
    const bits = new Bitmap(1000);
    bits.set(3, 5);
    const fail = (): number => {
      throw new Error('by the callback');
    };
    expect(() => forEachRunOfBoth(bits, bits, 0, 1000, fail)).toThrow('by the callback');
    expect(forEachRunOfBoth(bits, bits, 0, 1000, (first, end) => first * 10 + end)).toBe(35);
  });
});
