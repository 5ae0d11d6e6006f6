// SPDX-License-Identifier: MIT
/**
 * The runs of one 2 MiB window, as a conversion walks them. QEMU 10.2.2 (system/ram-block-attributes.c) lets the searches of
 * such a walk look to the end of the bitmap.
 */
import type { Case, Size, Table } from '../../harness/table.ts';
import { naiveRuns } from './naive.ts';
import { meetManyListeners } from './one-callback.ts';
import type { PatternName } from './patterns.ts';
import { addRun, tallied } from './tally.ts';
import { baselineOf, C_RANGE, C_WHOLE, createWorld, inC, NAIVE, OURS, scalesOf } from './world.ts';

const PATTERN_NAMES: readonly PatternName[] = ['zeros', 'sparse', 'swiotlb'];
const PAGES = 512;

export const BITMAP_WINDOW: Table = { id: 'bitmap-window', title: 'Bitmap: walk the runs of 2 MiB', cases: casesOf };

function* casesOf(size: Size): Generator<Case> {
  meetManyListeners();
  for (const { name, bitCount } of scalesOf(size)) {
    for (const pattern of PATTERN_NAMES) {
      const { bits, words } = createWorld(pattern, bitCount);
      const first = Math.floor(bitCount / 8 / PAGES) * PAGES;
      const end = first + PAGES;
      const c = inC([C_RANGE, C_WHOLE], (native) => [
        { name: C_RANGE, run: () => native.replay(words, end, first, end, 1) },
        { name: C_WHOLE, run: () => native.replay(words, bitCount, first, end, 1) },
      ]);
      const subjects = [
        ...c.subjects,
        { name: OURS, run: () => tallied(() => bits.forEachSetRun(first, end, addRun)) },
        { name: NAIVE, run: () => tallied(() => naiveRuns(words, first, end, 0, addRun)) },
      ];
      yield { name: `${pattern}, ${name}`, operations: 1, baseline: baselineOf(c), subjects, leftOut: c.leftOut };
    }
  }
}
