// SPDX-License-Identifier: MIT
import type { Strategy } from '@sda-lab/guest-memory';
import { UsageError } from '../usage-error.ts';

/** Every switch must be an addition of every strategy it is given for. */
export function checkSwitches(strategies: readonly Strategy[], without: readonly string[]): ReadonlySet<string> {
  if (without.length > 0 && strategies.length === 0) {
    throw new UsageError('--without needs a strategy by name, for example: conform extended-rdm --without replay');
  }
  for (const { id, additions } of strategies) {
    const known = additions.map((addition) => addition.id);
    for (const name of without) {
      if (known.includes(name)) continue;
      throw new UsageError(`${id} has no switch '${name}'; it has ${known.join(', ') || 'none'}`);
    }
  }
  return new Set(without);
}
