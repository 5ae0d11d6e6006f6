// SPDX-License-Identifier: MIT
import { INVARIANTS, type Invariant } from './invariant.ts';

/**
 * For every "always" a "sometimes": how often a run reached a situation in which the invariant could have failed.
 * An invariant that was never witnessed was not tested.
 */
export class Witnesses {
  readonly #counts = Object.fromEntries(INVARIANTS.map((invariant) => [invariant, 0])) as Record<Invariant, number>;

  see(invariant: Invariant): void {
    this.#counts[invariant] += 1;
  }

  count(invariant: Invariant): number {
    return this.#counts[invariant];
  }

  add(other: Witnesses): void {
    for (const invariant of INVARIANTS) this.#counts[invariant] += other.#counts[invariant];
  }
}
