// SPDX-License-Identifier: MIT
import type { Strategy } from '@sda-lab/guest-memory';
import type { History } from '../history/history.ts';
import type { Violation } from '../judge/violation.ts';
import { runHistory, type RunOptions } from '../run-history.ts';
import { shortenWhile } from './shorten-while.ts';

/**
 * The history with every operation and container left out that the same violation (invariant, reason and reach) does
 * not need; a history that shows no violation of the invariant comes back as it is.
 */
export function shortenHistory(
  strategy: Strategy,
  history: History,
  options: RunOptions,
  invariant: string,
): History {
  const find = (tried: History): Violation | undefined =>
    runHistory(strategy, tried, options).violations.find((violation) => violation.invariant === invariant);
  const wanted = find(history);
  if (wanted === undefined) return history;
  const stillShows = (tried: History): boolean => {
    const found = find(tried);
    return found?.evidence.reason === wanted.evidence.reason && found.reach === wanted.reach;
  };
  return shortenWhile(history, stillShows);
}
