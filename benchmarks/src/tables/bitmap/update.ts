// SPDX-License-Identifier: MIT
/**
 * Setting and clearing ranges: one run sets every window and clears every window, so a bitmap is after it what it was after the
 * run before. What is timed counts bits at some windows in the middle of a run; before, all windows are counted bit for bit, and
 * then the whole bitmap.
 */
import type { Case, Size, Table } from '../../harness/table.ts';
import { naiveCount, naiveFill } from './naive.ts';
import { PAGES_1G, type PatternName } from './patterns.ts';
import { baselineOf, C_RANGE, createWorld, inC, NAIVE, OURS, scalesOf, windows } from './world.ts';

const PATTERN_NAMES: readonly PatternName[] = ['zeros', 'virtio-mem 50 %', 'random mean 16'];
const RANGES: readonly (readonly [string, number])[] = [['4 KiB', 1], ['2 MiB', 512], ['1 GiB', PAGES_1G]];
const WINDOWS = 1024;
const LOOKED_AT = 4;
const WHOLE = new Int32Array(2);

export const BITMAP_UPDATE: Table = { id: 'bitmap-update', title: 'Bitmap: set and clear a range', cases: casesOf };

function* casesOf(size: Size): Generator<Case> {
  for (const { name, bitCount } of scalesOf(size)) {
    for (const pattern of PATTERN_NAMES) {
      for (const [range, pages] of RANGES) {
        if (pages <= bitCount) yield createCase(`${range}, ${pattern}, ${name}`, pattern, bitCount, pages);
      }
    }
  }
}

function createCase(name: string, pattern: PatternName, bitCount: number, pages: number): Case {
  const { bits, words } = createWorld(pattern, bitCount);
  const inJavaScript = words.slice();
  const starts = windows(bitCount, WINDOWS, pages, pages);
  const c = inC([C_RANGE], (native) => {
    const run = (): number => {
      native.fill(words, starts, WINDOWS, pages, 1);
      const seen = native.popcount(words, starts, LOOKED_AT, 1);
      native.fill(words, starts, WINDOWS, pages, 0);
      return seen - native.popcount(words, starts, LOOKED_AT, 1);
    };
    const answer = (): number => {
      native.fill(words, starts, WINDOWS, pages, 1);
      const seen = native.popcount(words, starts, WINDOWS, pages);
      native.fill(words, starts, WINDOWS, pages, 0);
      return seen + native.popcount(words, WHOLE, 1, bitCount);
    };
    return [{ name: C_RANGE, run, answer }];
  });
  const answerBy = (fill: (first: number, end: number, isSet: boolean) => void, count: (first: number, end: number) => number) => (): number => {
    for (const first of starts) fill(first, first + pages, true);
    const seen = starts.reduce((sum, first) => sum + count(first, first + pages), 0);
    for (const first of starts) fill(first, first + pages, false);
    return seen + count(0, bitCount);
  };
  const countOf = (count: (first: number, end: number) => number): number => {
    let sum = 0;
    for (let at = 0; at < LOOKED_AT; at += 1) sum += count(starts[at]!, starts[at]! + 1);
    return sum;
  };
  const ours = (): number => {
    for (let at = 0; at < WINDOWS; at += 1) bits.set(starts[at]!, starts[at]! + pages);
    const seen = countOf((first, end) => bits.popcount(first, end));
    for (let at = 0; at < WINDOWS; at += 1) bits.clear(starts[at]!, starts[at]! + pages);
    return seen - countOf((first, end) => bits.popcount(first, end));
  };
  const naive = (): number => {
    for (let at = 0; at < WINDOWS; at += 1) naiveFill(inJavaScript, starts[at]!, starts[at]! + pages, -1);
    const seen = countOf((first, end) => naiveCount(inJavaScript, first, end));
    for (let at = 0; at < WINDOWS; at += 1) naiveFill(inJavaScript, starts[at]!, starts[at]! + pages, 0);
    return seen - countOf((first, end) => naiveCount(inJavaScript, first, end));
  };
  const oursAll = answerBy((first, end, isSet) => bits.assign(first, end, isSet), (first, end) => bits.popcount(first, end));
  const naiveAll = answerBy((first, end, isSet) => naiveFill(inJavaScript, first, end, isSet ? -1 : 0), (first, end) => naiveCount(inJavaScript, first, end));
  const subjects = [...c.subjects, { name: OURS, run: ours, answer: oursAll }, { name: NAIVE, run: naive, answer: naiveAll }];
  return { name, operations: 2 * WINDOWS, baseline: baselineOf(c), subjects, leftOut: c.leftOut };
}
