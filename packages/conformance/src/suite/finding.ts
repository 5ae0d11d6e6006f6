// SPDX-License-Identifier: MIT
import type { Regime } from '@sda-lab/guest-memory';
import type { Invariant, Reach } from '../judge/invariant.ts';
import type { WorldBackend } from '../world/world-spec.ts';

/** One invariant found broken, with the history that shows it. */
export interface Finding {
  readonly invariant: Invariant;
  readonly reach: Reach;
  /** Case id, or `property` with the seed it was found under. */
  readonly case: string;
  readonly backend: WorldBackend;
  readonly regime: Regime;
  /** Seen by the judge, or an operation that answered otherwise than its case says. */
  readonly seenIn: 'state' | 'answer';
  /** Whether it needs a VMM that hands refusals to the guest: then a live finding is live only once that is so. */
  readonly onRefusal: 'stop' | 'retry';
  /** The history as one pasteable line. */
  readonly history: string;
  readonly explanation: string;
}

/** Keeps the first finding per invariant and reach; one that needs no retrying VMM before one that does. */
export class Findings {
  readonly #byKey = new Map<string, Finding>();

  add(finding: Finding): void {
    const key = `${finding.invariant} ${finding.reach}`;
    const known = this.#byKey.get(key);
    const needsLess = known?.onRefusal === 'retry' && finding.onRefusal === 'stop';
    if (known === undefined || needsLess) this.#byKey.set(key, finding);
  }

  has(invariant: Invariant, reach: Reach): boolean {
    return this.#byKey.has(`${invariant} ${reach}`);
  }

  get all(): readonly Finding[] {
    return [...this.#byKey.values()];
  }
}
