// SPDX-License-Identifier: MIT
import { MAX_WORLD_PAGES, positionCount, type WorldSpec } from '../world/world-spec.ts';
import { HistoryError } from './history-error.ts';
import type { History } from './history.ts';
import type { Operation } from './operation.ts';

/** Refuses a history that names what its world does not have; returns it unchanged otherwise. */
export function checkHistory(history: History): History {
  for (const [at, operation] of history.operations.entries()) {
    const problem = findProblem(history.world, operation);
    if (problem !== undefined) throw new HistoryError(`history: operation ${at + 1} (${operation.op}) ${problem}`);
  }
  const pages = positionCount(history.world);
  if (pages > MAX_WORLD_PAGES) {
    throw new HistoryError(`history: world(...) has ${pages} pages with its devices; at most ${MAX_WORLD_PAGES} are built`);
  }
  const names = new Set(history.world.containers.map(({ name }) => name));
  if (names.size !== history.world.containers.length) {
    throw new HistoryError('history: world(...) names a container twice; give each its own cN');
  }
  return history;
}

function findProblem(world: WorldSpec, operation: Operation): string | undefined {
  if ('container' in operation && !world.containers.some(({ name }) => name === operation.container)) {
    const known = world.containers.map(({ name }) => name).join(', ') || 'none';
    return `names container ${operation.container}; the world has ${known}`;
  }
  if ('page' in operation) {
    const count = 'count' in operation ? operation.count : 1;
    const limit = positionCount(world);
    if (operation.page + count > limit) {
      return `ends at page ${operation.page + count}; the world has pages 0 to ${limit - 1}`;
    }
  }
  if ('device' in operation) return findDeviceProblem(world, operation);
  return undefined;
}

function findDeviceProblem(
  world: WorldSpec,
  operation: Extract<Operation, { device: string }>,
): string | undefined {
  const device = world.vmem[Number(operation.device.slice(1))];
  if (device === undefined) {
    return `names device ${operation.device}; the world has ${world.vmem.length} virtio-mem devices, m0 first`;
  }
  // A block range past the device is a request a guest can make: the device answers ERROR.
  return undefined;
}
