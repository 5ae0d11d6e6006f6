// SPDX-License-Identifier: MIT
import type { History } from '@sda-lab/conformance';
import type { Strategy } from '@sda-lab/guest-memory';
import { UsageError } from '../usage-error.ts';

/** A design run in a regime it has no path for would show nothing about the design. */
export function checkRegime({ id, capabilities }: Strategy, { world }: History): void {
  if (capabilities.regimes.includes(world.regime)) return;
  throw new UsageError(`${id} has no ${world.regime} regime; it has ${capabilities.regimes.join(', ')}`);
}
