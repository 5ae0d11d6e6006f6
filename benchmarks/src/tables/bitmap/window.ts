// SPDX-License-Identifier: MIT
/**
 * The runs of 2 MiB windows, as conversions walk them, several in a run: entering C takes longer than one of them. QEMU 10.2.2 (system/ram-block-attributes.c) lets the searches of
 * such a walk look to the end of the bitmap.
 */
import type { Case, Size, Table } from '../../harness/table.ts';
import { naiveRuns } from './naive.ts';
import { meetManyListeners } from './one-callback.ts';
import type { PatternName } from './patterns.ts';
import { addRun, tallied } from './tally.ts';
import { baselineOf, C_RANGE, C_WHOLE, createWorld, inC, NAIVE, OURS, scalesOf, windows } from './world.ts';

const PATTERN_NAMES: readonly PatternName[] = ['zeros', 'sparse', 'swiotlb'];
const PAGES = 512;
const WINDOWS = 64;

export const BITMAP_WINDOW: Table = { id: 'bitmap-window', title: 'Bitmap: walk the runs of 2 MiB', cases: casesOf };

function* casesOf(size: Size): Generator<Case> {
  meetManyListeners();
  for (const { name, bitCount } of scalesOf(size)) {
    for (const pattern of PATTERN_NAMES) {
      const { bits, words } = createWorld(pattern, bitCount);
      const starts = windows(bitCount, WINDOWS, PAGES, PAGES);
      const c = inC([C_RANGE, C_WHOLE], (native) => [
        { name: C_RANGE, run: () => native.replayEach(words, starts, WINDOWS, PAGES, 0) },
        { name: C_WHOLE, run: () => native.replayEach(words, starts, WINDOWS, PAGES, bitCount) },
      ]);
      const each = (walk: (firstBit: number, endBit: number) => unknown) => (): number =>
        tallied(() => {
          for (let at = 0; at < WINDOWS; at += 1) walk(starts[at]!, starts[at]! + PAGES);
        });
      const subjects = [
        ...c.subjects,
        { name: OURS, run: each((first, end) => bits.forEachSetRun(first, end, addRun)) },
        { name: NAIVE, run: each((first, end) => naiveRuns(words, first, end, 0, addRun)) },
      ];
      yield { name: `${pattern}, ${name}`, operations: WINDOWS, baseline: baselineOf(c), subjects, leftOut: c.leftOut };
    }
  }
}
