// SPDX-License-Identifier: MIT
import type { History } from '../history/history.ts';

/** The history with every operation and container left out that `stillShows` does not need. It shows for the whole. */
export function shortenWhile(history: History, stillShows: (tried: History) => boolean): History {
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
