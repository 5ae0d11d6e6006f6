// SPDX-License-Identifier: MIT
/**
 * Every operation a search tries in every state of a world: conversions of all ranges to both sides, plug and unplug of
 * all runs of blocks, attach and detach of each container, a reset that rebuilds the VM (one that shuts it down is the
 * end, which every history has), sources that come and go, a migration that starts
 * and ends, a dump, and the guest's touch of each page (which is what gives the private side its memory).
 *
 * Left out, because they lead to no state of their own: device accesses at rest (contents are no state), heal (a refusal
 * lives in one operation), the load of what a migration saved (a second guest, compared inside the operation), balloon,
 * CPR, raw requests, vIOMMU; the suite has them by the thousand.
 */
import type { Side, Strategy } from '@sda-lab/guest-memory';
import type { Operation } from '../../history/operation.ts';
import { positionCount, type WorldSpec } from '../../world/world-spec.ts';

const SIDES: readonly Side[] = ['shared', 'private'];

const RESET: Operation = { op: 'reset' };

/** Those who are shown the guest; a design that shows nothing has none. */
const LOOKS: readonly Operation[] = [
  { op: 'migrate', step: 'start' },
  { op: 'migrate', step: 'finish' },
  { op: 'dump' },
];

export function searchedOperations(spec: WorldSpec, { capabilities }: Strategy): Operation[] {
  const total = positionCount(spec);
  return [
    ...runsIn(total).flatMap(({ first, count }) => SIDES.map((to): Operation => ({ op: 'convert', page: first, count, to }))),
    ...runsIn(total).flatMap(({ first, count }): Operation[] => (count === 1 ? [{ op: 'touch', page: first }] : [])),
    ...spec.vmem.flatMap(({ blockCount }, at) => ofDevice(`m${at}`, blockCount)),
    ...spec.containers.flatMap(({ name }): Operation[] => [
      { op: 'attach', container: name },
      { op: 'detach', container: name },
    ]),
    ...(capabilities.reset === 'rebuild' ? [RESET] : []),
    ...(capabilities.views ? LOOKS : []),
  ];
}

function ofDevice(device: string, blockCount: number): Operation[] {
  return [
    ...runsIn(blockCount).flatMap(({ first, count }): Operation[] => [
      { op: 'plug', device, block: first, count },
      { op: 'unplug', device, block: first, count },
    ]),
    { op: 'unplug-all', device },
    { op: 'add-source', device },
    { op: 'del-source', device },
  ];
}

/** All runs inside [0, end), the short ones first. */
function runsIn(end: number): { first: number; count: number }[] {
  const runs: { first: number; count: number }[] = [];
  for (let count = 1; count <= end; count += 1) {
    for (let first = 0; first + count <= end; first += 1) runs.push({ first, count });
  }
  return runs;
}
