// SPDX-License-Identifier: MIT
import { INVARIANTS, type Invariant } from './invariant.ts';

/** Those beside plain containers who must know, each with a check of its own. */
export const CONSUMERS = [
  'mixed-backends',
  'iommu-page',
  'migration',
  'dirty-sync',
  'restored-guest',
  'dump',
  'viommu',
  'tdisp',
  'balloon',
  'cpr',
] as const;

export type ConsumerName = (typeof CONSUMERS)[number];

/** An invariant, or one consumer's part of it. */
export type Witness = Invariant | `consumer ${ConsumerName}`;

export const WITNESSES: readonly Witness[] = [...INVARIANTS, ...CONSUMERS.map((name): Witness => `consumer ${name}`)];

/**
 * For every "always" a "sometimes": how often a run reached a situation in which the invariant could have failed.
 * An invariant that was never witnessed was not tested, and neither was a consumer that never had anything to lose.
 */
export class Witnesses {
  readonly #counts = Object.fromEntries(WITNESSES.map((witness) => [witness, 0])) as Record<Witness, number>;

  see(witness: Witness): void {
    this.#counts[witness] += 1;
  }

  count(witness: Witness): number {
    return this.#counts[witness];
  }

  add(other: Witnesses): void {
    for (const witness of WITNESSES) this.#counts[witness] += other.#counts[witness];
  }
}
