// SPDX-License-Identifier: MIT
/**
 * Two designs through the same history: one with a mistake, and its carrier, which is the same without. What only the one
 * with the mistake breaks is a violation here.
 *
 * A history is held against the mistake as long as the carrier breaks none of the wanted properties in it, so a step in
 * which it does has no next state.
 *
 * State: the words of both, and whether the carrier's guest is gone. A refusal that the carrier does not come to is none
 * for it: it goes through the operation unrefused. Not covered: races, designs without words.
 */
import { assert } from '@sda-lab/guest-memory';
import type { Operation } from '../../history/operation.ts';
import {
  ENDED,
  type Hole,
  KIND_MASK,
  MISSED,
  NEXT,
  NOT_ENABLED,
  type Property,
  type SearchModel,
  type Sometimes,
  VIOLATED,
} from '../search-model.ts';
import type { WorldModel } from './world-model.ts';

export interface LockstepOptions {
  /** With the mistake. */
  readonly mutant: WorldModel;
  /** In the same world, without. */
  readonly carrier: WorldModel;
  /** Bit i: `always[i]` is looked at. */
  readonly wanted: number;
}

export class LockstepModel implements SearchModel {
  readonly wordCount: number;
  readonly transitionCount: number;
  readonly spine: Uint8Array;
  readonly always: readonly Property[];
  readonly sometimes: readonly Sometimes[];
  violated = 0;
  readonly #mutant: WorldModel;
  readonly #carrier: WorldModel;
  readonly #wanted: number;
  /** The carrier's words before the step, and whether they are those of now. */
  readonly #carrierHere: Int32Array;
  #isHere = false;
  #isCarrierGone = false;

  constructor({ mutant, carrier, wanted }: LockstepOptions) {
    assert(mutant.load !== undefined && carrier.load !== undefined, 'both have words');
    assert(mutant.transitionCount === carrier.transitionCount, 'both are in the same world');
    this.#mutant = mutant;
    this.#carrier = carrier;
    this.#wanted = wanted;
    this.wordCount = mutant.wordCount + carrier.wordCount + 1;
    this.transitionCount = mutant.transitionCount;
    this.spine = mutant.spine;
    this.always = mutant.always;
    this.sometimes = mutant.sometimes;
    this.#carrierHere = new Int32Array(carrier.wordCount);
  }

  get hole(): Hole | undefined {
    return this.#mutant.hole ?? this.#carrier.hole;
  }

  get witnessed(): number {
    return this.#mutant.witnessed;
  }

  reset(): void {
    this.#mutant.reset();
    this.#carrier.reset();
    this.#isCarrierGone = false;
    this.#isHere = false;
  }

  store(words: Int32Array, at: number): void {
    const carrierAt = at + this.#mutant.wordCount;
    this.#mutant.store(words, at);
    if (this.#isCarrierGone) words.fill(0, carrierAt, carrierAt + this.#carrier.wordCount);
    else this.#carrier.store(words, carrierAt);
    words[at + this.wordCount - 1] = this.#isCarrierGone ? 1 : 0;
  }

  load(words: Int32Array, at: number): void {
    const carrierAt = at + this.#mutant.wordCount;
    this.#mutant.load!(words, at);
    this.#isCarrierGone = words[at + this.wordCount - 1] === 1;
    if (this.#isCarrierGone) return;
    for (let word = 0; word < this.#carrierHere.length; word += 1) this.#carrierHere[word] = words[carrierAt + word]!;
    this.#carrier.load!(this.#carrierHere, 0);
    this.#isHere = true;
  }

  step(transition: number): number {
    const own = this.#mutant.step(transition);
    const kind = own & KIND_MASK;
    const isPlain = this.#mutant.plainOf(transition) === transition;
    // A history of the one with the mistake has refusals that come.
    if (!isPlain && !isTaken(kind)) return own;
    const other = this.#isCarrierGone ? NOT_ENABLED : this.#stepCarrier(transition);
    if (!isTaken(kind) && !isTaken(other & KIND_MASK)) return NOT_ENABLED;
    const isExcused = (other & VIOLATED) !== 0 && (this.#carrier.violated & this.#wanted) !== 0;
    if (isExcused) return ENDED;
    if ((other & KIND_MASK) === ENDED) this.#isCarrierGone = true;
    this.violated = (own & VIOLATED) === 0 ? 0 : this.#mutant.violated & this.#wanted;
    const next = kind === ENDED ? ENDED : NEXT;
    return this.violated === 0 ? next : next | VIOLATED;
  }

  label(transition: number): readonly Operation[] {
    return this.#mutant.label(transition);
  }

  explain(property: number): string {
    return this.#mutant.explain(property);
  }

  #stepCarrier(transition: number): number {
    if (!this.#isHere) this.#carrier.store(this.#carrierHere, 0);
    this.#isHere = false;
    const flags = this.#carrier.step(transition);
    const plain = this.#carrier.plainOf(transition);
    if (isTaken(flags & KIND_MASK) || plain === transition) return flags;
    this.#carrier.load!(this.#carrierHere, 0);
    return this.#carrier.step(plain);
  }
}

function isTaken(kind: number): boolean {
  return kind !== NOT_ENABLED && kind !== MISSED;
}

export function createLockstepModel(options: LockstepOptions): LockstepModel {
  return new LockstepModel(options);
}
