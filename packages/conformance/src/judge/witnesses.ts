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

/** Where each is counted: for `Witnesses.seeAt`. */
export const WITNESS_AT = Object.fromEntries(WITNESSES.map((witness, at) => [witness, at])) as Readonly<Record<Witness, number>>;

/**
 * For every "always" a "sometimes": how often a run reached a situation in which the invariant could have failed.
 * An invariant that was never witnessed was not tested, and neither was a consumer that never had anything to lose.
 */
export class Witnesses {
  readonly #counts = new Float64Array(WITNESSES.length);

  see(witness: Witness): void {
    this.#counts[WITNESS_AT[witness]]! += 1;
  }

  /** The same for checks that are made at every event, by its place in `WITNESS_AT`; so many times. */
  seeAt(at: number, times = 1): void {
    this.#counts[at]! += times;
  }

  count(witness: Witness): number {
    return this.#counts[WITNESS_AT[witness]]!;
  }

  add(other: Witnesses): void {
    for (const witness of WITNESSES) this.#counts[WITNESS_AT[witness]]! += other.count(witness);
  }
}
