// SPDX-License-Identifier: MIT
// The example of README.md; readme.test.ts compares the two texts and checks what this one computes.
// #region example
import { explain, parseHistory, runConformance, runHistory, uncoordinated } from '@sda-lab/conformance';

const line = 'attach(c0); convert(0+1,shared); touch(0); convert(0+1,private); convert(0+1,shared); touch(0); dma(c0,0,read)';
const history = parseHistory(line); // page 0 shared, private, shared again; then a device reads it
const { steps, violations } = runHistory(uncoordinated, history);
const deviceRead = steps[6]?.answer; // the guest wrote 0xa1, then 0xa2
const stale = violations.find(({ invariant }) => invariant === 'coherent');
const words = stale && explain(stale, history);
const { verdict, failedCases } = runConformance(uncoordinated, { runs: 100, seed: 1 });
// #endregion

export { deviceRead, failedCases, verdict, words };
