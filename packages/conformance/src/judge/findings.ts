// SPDX-License-Identifier: MIT
import type { Invariant } from './invariant.ts';
import type { Violation } from './violation.ts';

const NONE: readonly Violation[] = [];

/** What the judge found: the first violation of each invariant, in the order they were found. */
export class Findings {
  readonly #first = new Map<Invariant, Violation>();

  get all(): readonly Violation[] {
    return [...this.#first.values()];
  }

  has(invariant: Invariant): boolean {
    return this.#first.has(invariant);
  }

  /** All of them; what is found from now on is found for the first time again. */
  take(): readonly Violation[] {
    if (this.#first.size === 0) return NONE;
    const taken = this.all;
    this.#first.clear();
    return taken;
  }

  add(violation: Violation): void {
    const known = this.#first.get(violation.invariant);
    if (known === undefined || isBetter(known, violation)) this.#first.set(violation.invariant, violation);
  }
}

/** Whether a later violation of the same invariant takes the place of the one that is known. */
function isBetter(known: Violation, { reach, evidence }: Violation): boolean {
  // A retry that lies tells more than the refusal it follows.
  if (known.evidence.reason === 'refused-but-changed' && evidence.reason === 'success-without-mapping') return true;
  // A latent look of migration must not hide a live one of dump.
  return known.reach === 'latent' && reach === 'live';
}
