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
  readonly #onKept: (finding: Finding) => void;

  constructor(onKept: (finding: Finding) => void = () => undefined) {
    this.#onKept = onKept;
  }

  add(finding: Finding): void {
    if (!this.wants(finding)) return;
    this.#byKey.set(`${finding.invariant} ${finding.reach}`, finding);
    this.#onKept(finding);
  }

  /** Whether such a finding would be kept; what would not need not be told well. */
  wants({ invariant, reach, onRefusal }: Pick<Finding, 'invariant' | 'reach' | 'onRefusal'>): boolean {
    const known = this.#byKey.get(`${invariant} ${reach}`);
    return known === undefined || (known.onRefusal === 'retry' && onRefusal === 'stop');
  }

  has(invariant: Invariant, reach: Reach): boolean {
    return this.#byKey.has(`${invariant} ${reach}`);
  }

  get all(): readonly Finding[] {
    return [...this.#byKey.values()];
  }
}
