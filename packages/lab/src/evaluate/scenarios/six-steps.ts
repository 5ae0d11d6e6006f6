// SPDX-License-Identifier: MIT
/**
 * The six steps the RFC opens with: a page is shared and mapped for a device, turns private and is discarded, is shared
 * again on a new frame, and the device reads it. Whether the read shows what the guest wrote last is the whole question.
 */
import { parseHistory, printHistory, runHistory } from '@sda-lab/conformance';
import type { Place } from '../places.ts';
import type { SixSteps } from '../scenario-schemas.ts';

const STEPS =
  'attach(c0); convert(0+1,shared); touch(0); convert(0+1,private); convert(0+1,shared); touch(0); dma(c0,0,read)';

export function runSixSteps(places: readonly Place[]): SixSteps {
  const rows = places.map(({ strategy, backend, regime }) => {
    const history = parseHistory(`world(regime=${regime}, containers=c0:${backend}); ${STEPS}`);
    const { steps, violations } = runHistory(strategy, history);
    const guestWrote = valueOf(steps[5]!.answer);
    const deviceRead = valueOf(steps[6]!.answer);
    const broken = violations.map(({ invariant, reach }) => ({ invariant, reach }));
    return { id: strategy.id, backend, regime, deviceRead, guestWrote, isSame: deviceRead === guestWrote, broken };
  });
  return { history: printHistory(parseHistory(STEPS)), rows };
}

/** The value of an access that succeeded (`0 0xa2`), else the answer. */
function valueOf(answer: string): string {
  return answer.startsWith('0 ') ? answer.slice(2) : answer;
}
