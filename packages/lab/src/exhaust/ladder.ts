// SPDX-License-Identifier: MIT
/**
 * The bounds a claim is searched in, one after the other, until the invariant falls: what small worlds show they show in
 * the fewest steps, and what is left goes on to worlds that have more.
 *
 *   small     2 pages, 1 container, a virtio-mem of 1 block, 1 refusal in an operation
 *   pair      small with 2 containers
 *   aliases   3 pages of boot RAM, which two sections show, 1 container, 1 refusal
 *   standard  the bound of the published tables: 3 pages, 2 containers, 2 blocks, 1 refusal
 *   runs      4 pages: one of boot RAM, and a virtio-mem of 3 blocks, so that what is mapped may have a gap; 1 container
 *   granule   4 pages: two of boot RAM, which two sections show, and a block of two pages; 1 container, 1 refusal
 *   undoing   small with 2 containers and 2 refusals, so that undoing is refused as well
 *   races     small, with operations inside operations, on the first backend; of additions only, since what a mutant
 *             does wrong it does without being interrupted
 *
 * Where a claim lives on several backends, other worlds of one container come once for each, those of two mix them.
 */
import { STANDARD_BOUND, type WorldBackend, type WorldBound } from '@sda-lab/conformance';
import type { Regime } from '@sda-lab/guest-memory';
import type { Claim } from './claim.ts';

export const RUNG_IDS = ['small', 'pair', 'aliases', 'standard', 'runs', 'granule', 'undoing', 'races'] as const;
export type RungId = (typeof RUNG_IDS)[number];

type Size = Omit<WorldBound, 'regime' | 'backends'>;

interface Rung {
  readonly size: Size;
  readonly races: boolean;
}

const SMALL: Size = { pages: 2, containers: 1, blocks: 1, faults: 1 };
const { pages, containers, blocks, faults } = STANDARD_BOUND;

export const RUNGS: Readonly<Record<RungId, Rung>> = {
  small: { size: SMALL, races: false },
  pair: { size: { ...SMALL, containers: 2 }, races: false },
  aliases: { size: { pages: 3, containers: 1, blocks: 0, faults: 1 }, races: false },
  standard: { size: { pages, containers, blocks, faults }, races: false },
  runs: { size: { pages: 4, containers: 1, blocks: 3, faults: 1 }, races: false },
  granule: { size: { pages: 4, containers: 1, blocks: 1, faults: 1 }, races: false },
  undoing: { size: { ...SMALL, containers: 2, faults: 2 }, races: false },
  races: { size: SMALL, races: true },
};

/** One search: a world and what may happen in it. */
export interface ExhaustBound extends WorldBound {
  readonly rung: RungId;
  readonly races: boolean;
  readonly backends: readonly WorldBackend[];
}

/** The searches of one rung, in the order they are done. */
export function boundsOf(rung: RungId, { kind, regimes, backends }: Pick<Claim, 'kind' | 'regimes' | 'backends'>): ExhaustBound[] {
  const { size, races } = RUNGS[rung];
  if (races && kind !== 'addition') return [];
  const places = races ? [backends.slice(0, 1)] : size.containers === 1 ? backends.map((backend) => [backend]) : [backends];
  return regimes.flatMap((regime: Regime) =>
    places.map((place): ExhaustBound => ({ rung, ...size, races, regime, backends: place })),
  );
}
