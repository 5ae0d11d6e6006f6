// SPDX-License-Identifier: MIT
import type { History } from '../history/history.ts';
import type { Operation } from '../history/operation.ts';

/**
 * The history with every operation and container left out that `stillShows` does not need. It shows for the whole. An
 * operation that has another one inside it goes with its `at`, and the inner one stays by itself.
 */
export function shortenWhile(history: History, stillShows: (tried: History) => boolean): History {
  let shortest = history;
  for (let at = shortest.operations.length - 1; at >= 0; at -= 1) {
    const tried = { ...shortest, operations: without(shortest.operations, at) };
    if (!stillShows(tried)) continue;
    shortest = tried;
    // What stood behind may be needless now, so it is tried again from the end.
    at = shortest.operations.length;
  }
  const used = shortest.world.containers.filter(({ name }) =>
    shortest.operations.some((operation) => names(operation, name)),
  );
  const smaller = { ...shortest, world: { ...shortest.world, containers: used } };
  return used.length > 0 && stillShows(smaller) ? smaller : shortest;
}

function without(operations: readonly Operation[], at: number): Operation[] {
  const next = operations[at + 1];
  return next?.op === 'at' ? operations.toSpliced(at, 2, next.operation) : operations.toSpliced(at, 1);
}

function names(operation: Operation, container: string): boolean {
  if (operation.op === 'at') return names(operation.operation, container);
  return 'container' in operation && operation.container === container;
}
