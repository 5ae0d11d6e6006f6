// SPDX-License-Identifier: MIT
import { INVARIANTS, type Invariant } from './invariant.ts';

/**
 * For every "always" a "sometimes": how often a run reached a situation in which the invariant could have failed.
 * An invariant that was never witnessed was not tested.
 */
export class Witnesses {
  readonly #counts = new Map<Invariant, number>(INVARIANTS.map((invariant) => [invariant, 0]));

  see(invariant: Invariant): void {
    this.#counts.set(invariant, this.count(invariant) + 1);
  }

  count(invariant: Invariant): number {
    return this.#counts.get(invariant)!;
  }

  add(other: Witnesses): void {
    for (const invariant of INVARIANTS) {
      this.#counts.set(invariant, this.count(invariant) + other.count(invariant));
    }
  }
}
