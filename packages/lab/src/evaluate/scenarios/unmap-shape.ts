// SPDX-License-Identifier: MIT
/**
 * What an exact unmap costs: 2 MiB shared in one request and taken back, on a vfio-user server that lets one unmap
 * cover many mappings and on one that wants each named, as the vfio-user specification does. Designs that map whole
 * sections make no such calls and are left out.
 */
import { parseHistory, printHistory, World } from '@sda-lab/conformance';
import type { Strategy } from '@sda-lab/guest-memory';
import type { UnmapShape } from '../scenario-schemas.ts';
import { tracksPages } from '../tracks-pages.ts';

const PAGES = 512;
const SERVERS = ['vfio-user', 'vfio-user-strict'] as const;
const OPERATIONS = `attach(c0); convert(0+${PAGES},shared); convert(0+${PAGES},private)`;

function historyOn(backend: string): ReturnType<typeof parseHistory> {
  return parseHistory(`world(containers=c0:${backend}, pages=${2 * PAGES}); ${OPERATIONS}`);
}

export function runUnmapShape(strategies: readonly Strategy[]): UnmapShape {
  const able = strategies.filter((strategy) => tracksPages(strategy) && strategy.capabilities.assignment);
  return {
    history: printHistory(historyOn('vfio-user')),
    pages: PAGES,
    rows: able.flatMap((strategy) => SERVERS.map((backend) => rowOf(strategy, backend))),
  };
}

function rowOf(strategy: Strategy, backend: (typeof SERVERS)[number]): UnmapShape['rows'][number] {
  const history = historyOn(backend);
  const world = new World(history.world, strategy);
  for (const operation of history.operations) world.apply(operation);
  const { mapCalls, unmapCalls, refusedUnmapCalls } = world.containers[0]!.kernel;
  const broken = world.judge.violations.map(({ invariant, reach }) => ({ invariant, reach }));
  return { id: strategy.id, backend, mapCalls, unmapCalls, refusedUnmapCalls, broken };
}
