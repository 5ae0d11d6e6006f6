// SPDX-License-Identifier: MIT
import { WORLD_BACKENDS, type WorldBackend } from '@sda-lab/conformance';
import type { Regime, Strategy } from '@sda-lab/guest-memory';

export interface Place {
  readonly strategy: Strategy;
  readonly backend: WorldBackend;
  readonly regime: Regime;
}

/** Every backend and every regime a design has, in the order of the tables. */
export function placesOf(strategies: readonly Strategy[]): Place[] {
  return strategies.flatMap((strategy) =>
    WORLD_BACKENDS.flatMap((backend) =>
      strategy.capabilities.regimes.map((regime) => ({ strategy, backend, regime })),
    ),
  );
}
