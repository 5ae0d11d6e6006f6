// SPDX-License-Identifier: MIT
/**
 * Is a range clear, set or mixed: what every conversion asks first. QEMU 10.2.2 (system/ram-block-attributes.c) bounds the
 * two searches by the size of the bitmap, not of the range, and that is a subject of its own.
 */
import type { Case, Size, Subject, Table } from '../../harness/table.ts';
import { naiveClassify } from './naive.ts';
import { PAGES_1G, type PatternName } from './patterns.ts';
import { baselineOf, C_RANGE, C_WHOLE, createWorld, inC, NAIVE, OURS, type Scale, scalesOf, windows, type World } from './world.ts';

const PATTERN_NAMES: readonly PatternName[] = ['ones', 'zeros', 'swiotlb'];
const RANGES: readonly (readonly [string, number])[] = [['4 KiB', 1], ['2 MiB', 512], ['1 GiB', PAGES_1G]];
/** So few that the whole bitmap's bound at 1 TiB stays below a tenth of a second a run. */
const WINDOWS = 32;
const REPEATS = 32;
const CODES = { clear: 0, set: 1, mixed: 2 } as const;

export const BITMAP_CLASSIFY: Table = { id: 'bitmap-classify', title: 'Bitmap: classify a range', cases: casesOf };

function* casesOf(size: Size): Generator<Case> {
  for (const scale of scalesOf(size)) {
    for (const pattern of PATTERN_NAMES) {
      const world = createWorld(pattern, scale.bitCount);
      for (const [range, pages] of RANGES) {
        if (pages <= scale.bitCount) yield* twoCases(world, pattern, scale, range, pages);
      }
    }
  }
}

/** The bounded forms are so fast that they run many windows; the unbounded one is compared with ours over a few. */
function* twoCases(world: World, pattern: PatternName, scale: Scale, range: string, pages: number): Generator<Case> {
  const { words } = world;
  const { bitCount } = scale;
  const name = `${range}, ${pattern}, ${scale.name}`;
  const many = windows(bitCount, WINDOWS * REPEATS, pages, pages);
  const bounded = inC([C_RANGE], (c) => [{ name: C_RANGE, run: () => c.classify(words, many, many.length, pages, 0) }]);
  const { leftOut } = bounded;
  const subjects = [...bounded.subjects, ...inJavaScript(world, many, pages)];
  yield { name, operations: many.length, baseline: baselineOf(bounded), subjects, leftOut };
  const few = many.slice(0, WINDOWS);
  const whole = inC([C_WHOLE], (c) => [{ name: C_WHOLE, run: () => c.classify(words, few, few.length, pages, bitCount) }]);
  const [ours, naive] = inJavaScript(world, few, pages) as [Subject, Subject];
  // The case is there without C too, so that the answers are the same ones everywhere.
  const others = whole.subjects.length === 0 ? [ours, naive] : [...whole.subjects, ours];
  const wholeName = `${name}, against QEMU's bound`;
  yield { name: wholeName, operations: few.length, baseline: baselineOf(whole, C_WHOLE), subjects: others, leftOut: whole.leftOut };
}

function inJavaScript({ bits, words }: World, starts: Int32Array, pages: number): Subject[] {
  const ours = (): number => {
    let sum = 0;
    for (let at = 0; at < starts.length; at += 1) sum += CODES[bits.classify(starts[at]!, starts[at]! + pages)];
    return sum;
  };
  const naive = (): number => {
    let sum = 0;
    for (let at = 0; at < starts.length; at += 1) sum += naiveClassify(words, starts[at]!, starts[at]! + pages);
    return sum;
  };
  return [{ name: OURS, run: ours }, { name: NAIVE, run: naive }];
}
