// SPDX-License-Identifier: MIT
// The example of README.md; readme.test.ts compares the two texts and checks what this one computes.
// #region example
import { parseHistory } from '@sda-lab/conformance';
import { replay, STRATEGIES } from '@sda-lab/lab';

// A container refuses a sharing; the fault goes away and the guest asks again.
const history = parseHistory('attach(c0); refuse(c0,map,1,ENOMEM); convert(0+1,shared); heal');
const verdicts = STRATEGIES.map((strategy) => {
  const { verdict, broken } = replay(strategy, history);
  return `${strategy.id}: ${verdict} ${broken.map(({ invariant, reach }) => `${invariant} (${reach})`).join(', ')}`.trimEnd();
});
// #endregion

export { verdicts };
