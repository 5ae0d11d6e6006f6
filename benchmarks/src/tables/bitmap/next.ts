// SPDX-License-Identifier: MIT
/** The next set and the next clear bit from a random one on: near in a dense bitmap, at the very end of a uniform one. */
import type { Case, Size, Table } from '../../harness/table.ts';
import { naiveNext } from './naive.ts';
import type { PatternName } from './patterns.ts';
import { baselineOf, C_RANGE, createWorld, inC, NAIVE, OURS, scalesOf, windows } from './world.ts';

/** Pattern, and how many places one run asks about: few where each answer is far. */
const ROWS: readonly (readonly [PatternName, number])[] = [['zeros', 16], ['swiotlb', 256], ['random mean 16', 1024]];

export const BITMAP_NEXT: Table = { id: 'bitmap-next', title: 'Bitmap: the next set or clear bit', cases: casesOf };

function* casesOf(size: Size): Generator<Case> {
  for (const { name, bitCount } of scalesOf(size)) {
    for (const [pattern, count] of ROWS) {
      const { bits, words } = createWorld(pattern, bitCount);
      const starts = windows(bitCount, count, 1, 1);
      const c = inC([C_RANGE], (native) => [{ name: C_RANGE, run: () => native.next(words, starts, count, bitCount, 1) }]);
      const ours = (): number => {
        let sum = 0;
        for (let at = 0; at < count; at += 1) sum = (sum + bits.nextSet(starts[at]!, bitCount)) | 0;
        return sum >>> 0;
      };
      const naive = (): number => {
        let sum = 0;
        for (let at = 0; at < count; at += 1) sum = (sum + naiveNext(words, starts[at]!, bitCount, 0)) | 0;
        return sum >>> 0;
      };
      const subjects = [...c.subjects, { name: OURS, run: ours }, { name: NAIVE, run: naive }];
      yield { name: `next set, ${pattern}, ${name}`, operations: count, baseline: baselineOf(c), subjects, leftOut: c.leftOut };
    }
  }
}
