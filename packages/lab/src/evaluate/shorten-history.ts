// SPDX-License-Identifier: MIT
import { type History, runHistory, type Violation } from '@sda-lab/conformance';
import type { Strategy } from '@sda-lab/guest-memory';

/**
 * The history with every operation and container left out that the same violation (invariant, reason and reach) does
 * not need; a history that shows no violation of the invariant comes back as it is.
 */
export function shortenHistory(
  strategy: Strategy,
  history: History,
  without: ReadonlySet<string>,
  invariant: string,
): History {
  const find = (tried: History): Violation | undefined =>
    runHistory(strategy, tried, { without }).violations.find((violation) => violation.invariant === invariant);
  const wanted = find(history);
  if (wanted === undefined) return history;
  const stillShows = (tried: History): boolean => {
    const found = find(tried);
    return found?.evidence.reason === wanted.evidence.reason && found.reach === wanted.reach;
  };
  let shortest = history;
  for (let at = shortest.operations.length - 1; at >= 0; at -= 1) {
    const tried = { ...shortest, operations: shortest.operations.toSpliced(at, 1) };
    if (!stillShows(tried)) continue;
    shortest = tried;
    // What stood behind may be needless now, so it is tried again from the end.
    at = shortest.operations.length;
  }
  const used = shortest.world.containers.filter(({ name }) =>
    shortest.operations.some((operation) => 'container' in operation && operation.container === name),
  );
  const smaller = { ...shortest, world: { ...shortest.world, containers: used } };
  return used.length > 0 && stillShows(smaller) ? smaller : shortest;
}
