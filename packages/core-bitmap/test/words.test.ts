// SPDX-License-Identifier: MIT
/*
 * Bits as plain words: what is stored, against the naive model; what is loaded, by writing through words only and asking
 * every question afterwards; and that a small bitmap and a window of a large one are the same to everybody.
 */
import { Bitmap, BitRangeError } from '@sda-lab/core-bitmap';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boundaryCuts, everyCut, smallCut, steps } from './arbitraries.ts';
import { answersAbout, between, firstDisagreement } from './check.ts';
import type { Step } from './check.ts';
import { Model } from './model.ts';

/** Longest range that goes through words here: five words, so more than two in the middle. */
const LONGEST = 130;
const UNTOUCHED = 0x5a5a_5a5a;

const worlds = [
  { name: 'of at most 32 bits', cuts: smallCut },
  { name: 'bit by bit', cuts: everyCut },
  { name: 'at boundaries up to 2^31 bits', cuts: boundaryCuts },
];

function storedOf(bits: Bitmap, firstBit: number, endBit: number): number[] {
  const count = Math.ceil((endBit - firstBit) / 32);
  const words = new Int32Array(count + 2).fill(UNTOUCHED);
  bits.storeWords(words, 1, firstBit, endBit);
  expect([words[0], words[count + 1]]).toEqual([UNTOUCHED, UNTOUCHED]);
  return [...words.subarray(1, count + 1)];
}

function wordsOfModel(model: Model, firstBit: number, endBit: number): number[] {
  const words = Array.from({ length: Math.ceil((endBit - firstBit) / 32) }, () => 0);
  for (let bit = firstBit; bit < endBit; bit += 1) {
    if (model.test(bit)) words[(bit - firstBit) >>> 5]! |= 1 << (bit - firstBit);
  }
  return words;
}

/** The first range whose stored words differ from those of the model, in words; undefined when none does. */
function firstWrongWords(bits: Bitmap, cuts: readonly number[], writes: readonly Step[]): string | undefined {
  const model = new Model(cuts);
  for (const { range, value, window } of writes) {
    const [firstBit, endBit] = between(cuts, range);
    bits.assign(firstBit, endBit, value);
    model.assign(firstBit, endBit, value);
    const [low, high] = between(cuts, window);
    const end = Math.min(high, low + LONGEST);
    const actual = storedOf(bits, low, end).join(' ');
    const expected = wordsOfModel(model, low, end).join(' ');
    if (actual !== expected) return `[${low}, ${end}) is ${actual} instead of ${expected}`;
  }
  return undefined;
}

/** Writes ranges through words: stores them, changes the bits there, loads them. */
class WritesThroughWords extends Bitmap {
  override assign(firstBit: number, endBit: number, value: boolean): void {
    if (endBit - firstBit > LONGEST) {
      super.assign(firstBit, endBit, value);
      return;
    }
    // A few bits more on both sides, which must stay what they are.
    const first = Math.max(0, firstBit - 7);
    const end = Math.min(this.bitCount, endBit + 9);
    const words = new Int32Array(8);
    this.storeWords(words, 2, first, end);
    for (let at = firstBit - first; at < endBit - first; at += 1) {
      if (value) words[2 + (at >>> 5)]! |= 1 << at;
      else words[2 + (at >>> 5)]! &= ~(1 << at);
    }
    // Nobody looks above the last bit.
    if ((end - first) % 32 !== 0) words[2 + ((end - first) >>> 5)]! |= -1 << (end - first);
    this.loadWords(words, 2, first, end);
  }
}

describe.each(worlds)('words of a bitmap $name', { timeout: 120_000 }, ({ cuts }) => {
  test('are the bits of the naive model', () => {
    fc.assert(
      fc.property(cuts, steps, (at, writes) => {
        expect(firstWrongWords(new Bitmap(at.at(-1)!), at, writes)).toBeUndefined();
      }),
      { seed: 5 },
    );
  });

  test('that are loaded answer every question as the naive model does', () => {
    fc.assert(
      fc.property(cuts, steps, (at, writes) => {
        expect(firstDisagreement(new WritesThroughWords(at.at(-1)!), at, writes)).toBeUndefined();
      }),
      { seed: 5 },
    );
  });
});

describe('a small bitmap and a window of a large one', () => {
  test('answer alike, wherever the window lies', () => {
    const origin = fc.constantFrom(0, 1, 31, 500, 511, 512, 8180, 262_143, 4_194_290);
    fc.assert(
      fc.property(smallCut, origin, steps, (cuts, first, writes) => {
        const count = cuts.length - 1;
        const small = new Bitmap(count);
        const large = new Bitmap(4_194_304 + 64);
        for (const { range, value, window } of writes) {
          const [from, to] = between(cuts, range);
          small.assign(from, to, value);
          large.assign(first + from, first + to, value);
          expect(storedOf(large, first, first + count)).toEqual(storedOf(small, 0, count));
          const [low, high] = between(cuts, window);
          const moved = { ...answersAbout(large, first + low, first + high) };
          for (const [question, answer] of Object.entries(answersAbout(small, low, high))) {
            expect([question, shiftedBack(question, moved[question]!, first)]).toEqual([question, answer]);
          }
        }
      }),
      { seed: 5 },
    );
  });
});

/** Positions in an answer, counted from the start of the window; counts, statuses and words stay. */
function shiftedBack(question: string, answer: string, origin: number): string {
  if (question.startsWith('next')) return String(Number(answer) - origin);
  if (!question.includes('Runs')) return answer;
  return answer.replace(/(\d+)-(\d+)/g, (_run, first, end) => `${Number(first) - origin}-${Number(end) - origin}`);
}

describe('words', () => {
  test('hold bit 0 lowest, and 0 above the last bit', () => {
    const bits = new Bitmap(40);
    bits.set(0, 1);
    bits.set(31, 34);
    expect(bits.wordCount).toBe(2);
    expect(storedOf(bits, 0, 40)).toEqual([(1 << 31) | 1, 0b11]);
    expect(storedOf(bits, 31, 40)).toEqual([0b111]);
  });

  test.each([1, 31, 32, 33, 64, 512, 8193])('of %d bits go there and back, whatever stood there before', (bitCount) => {
    const [from, to] = [new Bitmap(bitCount), new Bitmap(bitCount)];
    for (let bit = 0; bit < bitCount; bit += 3) from.set(bit, bit + 1);
    to.set(0, bitCount);
    const words = new Int32Array(from.wordCount);
    from.storeWords(words, 0);
    to.loadWords(words, 0);
    expect(storedOf(to, 0, bitCount)).toEqual([...words]);
    expect(to.popcount(0, bitCount)).toBe(Math.ceil(bitCount / 3));
  });

  test('of a bitmap loaded as uniform leave no more bytes than an empty one', () => {
    const bits = new Bitmap(512 * 20);
    for (let bit = 0; bit < bits.bitCount; bit += 2) bits.set(bit, bit + 1);
    bits.loadWords(new Int32Array(bits.wordCount), 0);
    expect([bits.classify(0, bits.bitCount), bits.popcount(0, bits.bitCount)]).toEqual(['clear', 0]);
    const before = new Bitmap(512 * 20).byteCount;
    expect(bits.byteCount).toBeLessThanOrEqual(before + 4096 + 2176);
  });

  test.each([
    { call: 'storeWords', at: 1 },
    { call: 'loadWords', at: 1 },
    { call: 'storeWords', at: -1 },
    { call: 'loadWords', at: 0.5 },
    { call: 'storeWords', at: Number.NaN },
  ] as const)('$call from $at on of two words is refused when two are needed', ({ call, at }) => {
    const bits = new Bitmap(40);
    bits.set(0, 40);
    const words = new Int32Array(2);
    const refuse = (): void => bits[call](words, at);
    expect(refuse).toThrow(BitRangeError);
    expect(refuse).toThrow(`${call}: at ${at}, 2 words is outside the limit 0 <= at <= 0, whole`);
    expect([[...words], bits.popcount(0, 40)]).toEqual([[0, 0], 40]);
  });
});

class StoresWhatLiesAbove extends Bitmap {
  override storeWords(words: Int32Array, at: number, firstBit = 0, endBit = this.bitCount): void {
    super.storeWords(words, at, firstBit, Math.min(this.bitCount, firstBit + Math.ceil((endBit - firstBit) / 32) * 32));
  }
}

class StoresFromTheStartOfAWord extends Bitmap {
  override storeWords(words: Int32Array, at: number, firstBit = 0, endBit = this.bitCount): void {
    super.storeWords(words, at, firstBit, endBit);
    if (firstBit < endBit) words[at]! &= -1 << (firstBit & 1);
  }
}

class LoadsIntoClearBitsOnly extends WritesThroughWords {
  override loadWords(words: Int32Array, at: number, firstBit = 0, endBit = this.bitCount): void {
    const before = new Int32Array(words.length);
    super.storeWords(before, at, firstBit, endBit);
    super.loadWords(words.map((word, index) => word | before[index]!), at, firstBit, endBit);
  }
}

class LoadsPastTheEnd extends WritesThroughWords {
  override loadWords(words: Int32Array, at: number, firstBit = 0, endBit = this.bitCount): void {
    super.loadWords(words, at, firstBit, Math.min(this.bitCount, endBit + ((endBit - firstBit) % 32 === 0 ? 0 : 1)));
  }
}

describe.each([
  { planted: StoresWhatLiesAbove, isCaught: firstWrongWords },
  { planted: StoresFromTheStartOfAWord, isCaught: firstWrongWords },
  { planted: LoadsIntoClearBitsOnly, isCaught: firstDisagreement },
  { planted: LoadsPastTheEnd, isCaught: firstDisagreement },
])('$planted.name', ({ planted: Planted, isCaught }) => {
  test.each(worlds)('is caught $name', ({ cuts }) => {
    const property = fc.property(cuts, steps, (at, writes) => {
      expect(isCaught(new Planted(at.at(-1)!), at, writes)).toBeUndefined();
    });
    expect(fc.check(property, { numRuns: 1000, seed: 1, endOnFailure: true }).failed).toBe(true);
  });
});
