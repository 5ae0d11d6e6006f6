// SPDX-License-Identifier: MIT
/**
 * What is said of a design with something wrong: which invariant falls by it. Each addition left out is one such claim,
 * each mutant another; of a mutant with a proof the claim is that nothing falls.
 */
import { type Invariant, INVARIANTS, KERNEL_BACKENDS, type WorldBackend, type WorldParts } from '@sda-lab/conformance';
import { assert, type Regime, type Strategy } from '@sda-lab/guest-memory';
import type { Mutant } from '@sda-lab/mutants';

export interface Claim {
  readonly kind: 'addition' | 'mutant';
  /** The switch, or the mutant. */
  readonly id: string;
  /** One line. */
  readonly what: string;
  readonly invariant: Invariant;
  /** The design without the mistake. */
  readonly carrier: Strategy;
  readonly strategy: Strategy;
  readonly without?: ReadonlySet<string>;
  readonly parts?: WorldParts;
  readonly backends: readonly WorldBackend[];
  readonly regimes: readonly Regime[];
  /** Why nothing falls, where that is what is claimed. */
  readonly proof?: string;
}

/** Every addition of every design, left out. */
export function claimsOfAdditions(strategies: readonly Strategy[]): Claim[] {
  return strategies.flatMap((strategy) =>
    strategy.additions.map(({ id, what, guards }): Claim => {
      const invariant = INVARIANTS.find((one) => one === guards);
      assert(invariant !== undefined, 'an addition guards an invariant');
      const { regimes } = strategy.capabilities;
      const common = { id, what, invariant, strategy, carrier: strategy, regimes };
      return { kind: 'addition', ...common, without: new Set([id]), backends: KERNEL_BACKENDS };
    }),
  );
}

export function claimOfMutant(mutant: Mutant): Claim {
  const { id, what, breaks: invariant, carrier, strategy, parts, proof } = mutant;
  const { backends = KERNEL_BACKENDS, regimes = carrier.capabilities.regimes } = mutant;
  const common = { kind: 'mutant' as const, id, what, invariant, carrier, strategy, backends, regimes };
  return { ...common, ...(parts && { parts }), ...(proof !== undefined && { proof }) };
}
