// SPDX-License-Identifier: MIT
import { KERNEL_BACKENDS, type WorldBackend } from '@sda-lab/conformance';
import type { Regime, Strategy } from '@sda-lab/guest-memory';

export interface Place {
  readonly strategy: Strategy;
  readonly backend: WorldBackend;
  readonly regime: Regime;
}

/** Both kernel interfaces and every regime a design has, in the order of the tables. */
export function placesOf(strategies: readonly Strategy[]): Place[] {
  return strategies.flatMap((strategy) =>
    KERNEL_BACKENDS.flatMap((backend) =>
      strategy.capabilities.regimes.map((regime) => ({ strategy, backend, regime })),
    ),
  );
}
