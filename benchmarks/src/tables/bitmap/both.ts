// SPDX-License-Identifier: MIT
/** The runs of one bitmap AND another, as populated and shared; an operation is one walk over all of both. */
import { forEachRunOfBoth } from '@sda-lab/core-bitmap';
import type { Case, Size, Table } from '../../harness/table.ts';
import { naiveBoth } from './naive.ts';
import { meetManyListeners } from './one-callback.ts';
import type { PatternName } from './patterns.ts';
import { addRun, tallied } from './tally.ts';
import { baselineOf, C_RANGE, createWorld, inC, NAIVE, OURS, scalesOf } from './world.ts';

const PAIRS: readonly (readonly [PatternName, PatternName])[] = [
  ['virtio-mem 50 %', 'swiotlb'],
  ['ones', 'swiotlb'],
  ['ones', 'sparse'],
  ['zeros', 'random mean 16'],
  ['ones', 'ones'],
  ['virtio-mem 50 %', 'random mean 16'],
];

export const BITMAP_AND: Table = { id: 'bitmap-and', title: 'Bitmap: walk the runs of one AND another', cases: casesOf };

function* casesOf(size: Size): Generator<Case> {
  meetManyListeners();
  for (const { name, bitCount } of scalesOf(size)) {
    for (const [one, other] of PAIRS) {
      const a = createWorld(one, bitCount);
      const b = createWorld(other, bitCount);
      const c = inC([C_RANGE], (native) => [{ name: C_RANGE, run: () => native.replayBoth(a.words, b.words, bitCount) }]);
      const subjects = [
        ...c.subjects,
        { name: OURS, run: () => tallied(() => forEachRunOfBoth(a.bits, b.bits, 0, bitCount, addRun)) },
        { name: NAIVE, run: () => tallied(() => naiveBoth(a.words, b.words, addRun)) },
      ];
      yield { name: `${one} AND ${other}, ${name}`, operations: 1, baseline: baselineOf(c), subjects, leftOut: c.leftOut };
    }
  }
}
