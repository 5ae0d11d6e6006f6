// SPDX-License-Identifier: MIT
import type { Strategy } from '@sda-lab/guest-memory';
import { STRATEGIES } from '../strategies.ts';
import { UsageError } from '../usage-error.ts';

/** The strategies of these ids, each once, in the order of the tables; an unknown id is wrong use. */
export function findStrategies(ids: readonly string[]): Strategy[] {
  const known = STRATEGIES.map(({ id }) => id);
  for (const id of ids) {
    if (!known.includes(id)) throw new UsageError(`no strategy '${id}'; there are ${known.join(', ')}`);
  }
  return STRATEGIES.filter(({ id }) => ids.includes(id));
}
