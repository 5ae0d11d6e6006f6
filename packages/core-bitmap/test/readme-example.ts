// SPDX-License-Identifier: MIT
// The example of README.md; readme.test.ts compares the two texts and checks what this one computes.
// #region example
import { Bitmap, forEachRunWhere } from '@sda-lab/core-bitmap';

const shared = new Bitmap(262_144); // 1 GiB of 4 KiB pages, all clear
const populated = new Bitmap(262_144);
shared.set(512, 1024); // half-open: 512 included, 1024 excluded
populated.set(0, 768);
const answers = [shared.classify(0, 1024), shared.nextClear(512, 2048), shared.popcount(0, 262_144)];
const runs: [number, number][] = [];
const wanted = [{ bits: populated, is: true }, { bits: shared, is: false }];
forEachRunWhere(wanted, 0, 262_144, (firstBit, endBit) => (runs.push([firstBit, endBit]), 0));
// #endregion

export { answers, runs };
