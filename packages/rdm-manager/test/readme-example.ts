// SPDX-License-Identifier: MIT
// The region below stands in README.md word for word; readme.test.ts compares the two and checks what it computes.
// #region example
import { parseHistory, runHistory } from '@sda-lab/conformance';
import { extendedRdm, ramBlockAttributes, rdmPrivateAsDiscarded } from '@sda-lab/rdm-manager';

// The device's first map is refused; then the fault is lifted and the guest repeats its request.
const history = parseHistory('world(onRefusal=retry); attach(c0); refuse(c0,map,1,ENOMEM); convert(0+1,shared); heal');
export const findings = [rdmPrivateAsDiscarded, ramBlockAttributes, extendedRdm].map((strategy) => {
  const { steps, violations } = runHistory(strategy, history);
  const broken = violations.map(({ invariant, reach }) => `${invariant} ${reach}`);
  return `${strategy.id} answers ${steps[2]!.answer}: ${broken.join(', ') || 'holds'}`;
});
// #endregion
