// SPDX-License-Identifier: MIT
import { firstConfusion, firstLoss, type Strategy, type Words } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { twoWays, wordsJourney } from './words-act.ts';
import { WordsGuest } from './words-guest.ts';

/**
 * Where the words of a design first break a law over random acts, in words of the laws; undefined when nowhere.
 * `plant` puts a fault into them, to see that the laws catch it.
 */
export function findWordsBreach(strategy: Strategy, numRuns: number, plant?: (words: Words) => Words): string | undefined {
  const guests = (): [WordsGuest, WordsGuest] => [new WordsGuest(strategy, plant), new WordsGuest(strategy, plant)];
  const loss = firstOf(wordsJourney, numRuns, (journey) => firstLoss(...guests(), journey));
  if (loss !== undefined) return `loss: ${loss}`;
  const confusion = firstOf(twoWays, numRuns, (ways) => firstConfusion(...guests(), ways));
  return confusion === undefined ? undefined : `confusion: ${confusion}`;
}

/** What the first input that breaks the law makes it say. */
function firstOf<T>(inputs: fc.Arbitrary<T>, numRuns: number, law: (input: T) => string | undefined): string | undefined {
  for (const input of fc.sample(inputs, { seed: 5, numRuns })) {
    const breach = law(input);
    if (breach !== undefined) return breach;
  }
  return undefined;
}
