// SPDX-License-Identifier: MIT
import { firstConfusion, firstLoss, type Strategy, type Words } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { holdingJourney, twoHoldingWays } from './holding-act.ts';
import { HoldingGuest } from './holding-guest.ts';

/**
 * Where the words of a design that remembers what is mapped first break a law over random acts, in words of the laws;
 * undefined when nowhere. `plant` puts a fault into them, to see that the laws catch it.
 */
export function findHoldingBreach(strategy: Strategy, numRuns: number, plant?: (words: Words) => Words): string | undefined {
  const guests = (): [HoldingGuest, HoldingGuest] => [new HoldingGuest(strategy, plant), new HoldingGuest(strategy, plant)];
  for (const journey of fc.sample(holdingJourney, { seed: 5, numRuns })) {
    const loss = firstLoss(...guests(), journey);
    if (loss !== undefined) return `loss: ${loss}`;
  }
  for (const ways of fc.sample(twoHoldingWays, { seed: 5, numRuns })) {
    const confusion = firstConfusion(...guests(), ways);
    if (confusion !== undefined) return `confusion: ${confusion}`;
  }
  return undefined;
}
