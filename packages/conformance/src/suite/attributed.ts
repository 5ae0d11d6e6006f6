// SPDX-License-Identifier: MIT
import type { Strategy } from '@sda-lab/guest-memory';
import type { History } from '../history/history.ts';
import type { Violation } from '../judge/violation.ts';
import { runHistory, type RunOptions } from '../run-history.ts';
import type { WorldBackend } from '../world/world-spec.ts';

export interface Attributed {
  readonly history: History;
  readonly violation: Violation;
}

/**
 * Whose a violation is that was found in a guest of mixed backends: this backend's when a guest of it alone shows it
 * too, and that guest is reported; another's, and nothing here, when only that one does alone; the mixture's own
 * otherwise.
 */
export function attributed(
  strategy: Strategy,
  history: History,
  violation: Violation,
  backend: WorldBackend,
  options: RunOptions,
): Attributed | undefined {
  const { containers } = history.world;
  const others = new Set(containers.map((container) => container.backend));
  others.delete(backend);
  if (others.size === 0) return { history, violation };
  const alone = violationOn(strategy, history, violation, backend, options);
  // One that is live alone and latent in company is told where it is live.
  if (alone !== undefined) return alone.violation.reach === violation.reach ? alone : undefined;
  for (const other of others) {
    if (violationOn(strategy, history, violation, other, options) !== undefined) return undefined;
  }
  return { history, violation };
}

/** The same guest with every container on one backend, if it breaks the same invariant. */
function violationOn(
  strategy: Strategy,
  { world, operations }: History,
  { invariant }: Violation,
  backend: WorldBackend,
  options: RunOptions,
): Attributed | undefined {
  // A TDISP device is at home on its own backend only.
  const containers = world.containers.map((container) => (container.kind === 'tdisp' ? container : { ...container, backend }));
  const history = { world: { ...world, containers }, operations };
  const found = runHistory(strategy, history, options).violations.find((one) => one.invariant === invariant);
  return found === undefined ? undefined : { history, violation: found };
}
