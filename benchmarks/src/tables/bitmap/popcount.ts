// SPDX-License-Identifier: MIT
/** How many bits of a range are set, at places that are multiples of nothing. */
import type { Case, Size, Table } from '../../harness/table.ts';
import { naiveCount } from './naive.ts';
import { PAGES_1G, type PatternName } from './patterns.ts';
import { baselineOf, C_RANGE, createWorld, inC, NAIVE, OURS, scalesOf, windows } from './world.ts';

const PATTERN_NAMES: readonly PatternName[] = ['swiotlb', 'virtio-mem 50 %', 'random mean 16'];
const RANGES: readonly (readonly [string, number])[] = [['2 MiB', 512], ['1 GiB', PAGES_1G]];
const WINDOWS = 64;

export const BITMAP_POPCOUNT: Table = { id: 'bitmap-popcount', title: 'Bitmap: count the set bits of a range', cases: casesOf };

function* casesOf(size: Size): Generator<Case> {
  for (const { name, bitCount } of scalesOf(size)) {
    for (const pattern of PATTERN_NAMES) {
      const { bits, words } = createWorld(pattern, bitCount);
      for (const [range, pages] of RANGES) {
        if (pages > bitCount) continue;
        const starts = windows(bitCount, WINDOWS, pages, 1);
        const c = inC([C_RANGE], (native) => [{ name: C_RANGE, run: () => native.popcount(words, starts, WINDOWS, pages) }]);
        const ours = (): number => {
          let sum = 0;
          for (let at = 0; at < WINDOWS; at += 1) sum += bits.popcount(starts[at]!, starts[at]! + pages);
          return sum;
        };
        const naive = (): number => {
          let sum = 0;
          for (let at = 0; at < WINDOWS; at += 1) sum += naiveCount(words, starts[at]!, starts[at]! + pages);
          return sum;
        };
        const subjects = [...c.subjects, { name: OURS, run: ours }, { name: NAIVE, run: naive }];
        yield { name: `${range}, ${pattern}, ${name}`, operations: WINDOWS, baseline: baselineOf(c), subjects, leftOut: c.leftOut };
      }
    }
  }
}
