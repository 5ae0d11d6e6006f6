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
  /** The history as one pasteable line. */
  readonly history: string;
  readonly explanation: string;
}

/** Keeps the first finding per invariant and reach. */
export class Findings {
  readonly #byKey = new Map<string, Finding>();

  add(finding: Finding): void {
    const key = `${finding.invariant} ${finding.reach}`;
    if (!this.#byKey.has(key)) this.#byKey.set(key, finding);
  }

  has(invariant: Invariant, reach: Reach): boolean {
    return this.#byKey.has(`${invariant} ${reach}`);
  }

  get all(): readonly Finding[] {
    return [...this.#byKey.values()];
  }
}
