// SPDX-License-Identifier: MIT
import type { Invariant } from './invariant.ts';
import type { Violation } from './violation.ts';

const NONE: readonly Violation[] = [];
const NOWHERE = -1;

/**
 * What the judge found: the first violation of each invariant, in the order they were found. A plain array: there are
 * few invariants, and a search takes them a hundred thousand times a second, at which a Map that is cleared each time
 * leaves a trail of tables behind.
 */
export class Findings {
  #found: Violation[] = [];

  get all(): readonly Violation[] {
    return [...this.#found];
  }

  has(invariant: Invariant): boolean {
    return this.#placeOf(invariant) !== NOWHERE;
  }

  /** All of them; what is found from now on is found for the first time again. */
  take(): readonly Violation[] {
    if (this.#found.length === 0) return NONE;
    const taken = this.#found;
    this.#found = [];
    return taken;
  }

  add(violation: Violation): void {
    const place = this.#placeOf(violation.invariant);
    if (place === NOWHERE) this.#found.push(violation);
    else if (isBetter(this.#found[place]!, violation)) this.#found[place] = violation;
  }

  #placeOf(invariant: Invariant): number {
    for (let place = 0; place < this.#found.length; place += 1) if (this.#found[place]!.invariant === invariant) return place;
    return NOWHERE;
  }
}

/** Whether a later violation of the same invariant takes the place of the one that is known. */
function isBetter(known: Violation, { reach, evidence }: Violation): boolean {
  // A retry that lies tells more than the refusal it follows.
  if (known.evidence.reason === 'refused-but-changed' && evidence.reason === 'success-without-mapping') return true;
  // A latent look of migration must not hide a live one of dump.
  return known.reach === 'latent' && reach === 'live';
}
