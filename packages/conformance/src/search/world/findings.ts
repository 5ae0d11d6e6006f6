// SPDX-License-Identifier: MIT
/** What one step of a search found wrong, as bits of the model's properties and in words. */
import { assert } from '@sda-lab/guest-memory';
import { wordsOf } from '../../judge/explain.ts';
import { INVARIANTS } from '../../judge/invariant.ts';
import type { Violation } from '../../judge/violation.ts';
import type { Property } from '../search-model.ts';

/** Every invariant as it can happen now, and as it could if the VM went on. */
export const WORLD_PROPERTIES: readonly Property[] = INVARIANTS.flatMap((invariant): Property[] => [
  { invariant, reach: 'live' },
  { invariant, reach: 'latent' },
]);

export class Findings {
  /** Bit i stands for the i-th of the properties. */
  mask = 0;
  #found: readonly Violation[] = [];

  set(found: readonly Violation[]): void {
    this.#found = found;
    this.mask = 0;
    for (const violation of found) this.mask |= bitOf(violation);
  }

  add(violation: Violation): void {
    this.#found = [...this.#found, violation];
    this.mask |= bitOf(violation);
  }

  explain(property: number): string {
    const violation = this.#found.find((one) => bitOf(one) === 1 << property);
    assert(violation !== undefined, 'what is explained was found in the last step');
    const [then, however] = wordsOf(violation.evidence);
    return `Then ${then}. However, ${however}.`;
  }
}

function bitOf({ invariant, reach }: Violation): number {
  return 1 << (2 * INVARIANTS.indexOf(invariant) + (reach === 'live' ? 0 : 1));
}
