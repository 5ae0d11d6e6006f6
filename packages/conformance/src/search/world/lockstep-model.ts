// SPDX-License-Identifier: MIT
/**
 * Two designs through the same history: one with a mistake, and its carrier, which is the same without. What only the one
 * with the mistake breaks is a violation here.
 *
 * A history is held against the mistake as long as the carrier breaks none of the `wanted` properties in it, so a step in
 * which it does has no next state. Without `wanted` nothing ends: what one step breaks beyond the carrier's same step is a
 * violation, and `differences` counts the steps in which the two differ in anything at all. None in a complete search,
 * and no history tells the two apart.
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
  /** Bit i: whether `always[i]` is looked at; of an invariant, both reaches. @defaultValue all, and nothing is excused for later */
  readonly wanted?: number;
}

export class LockstepModel implements SearchModel {
  readonly wordCount: number;
  readonly transitionCount: number;
  readonly spine: Uint8Array;
  readonly always: readonly Property[];
  readonly sometimes: readonly Sometimes[];
  violated = 0;
  /** Steps so far in which the two were not alike. */
  differences = 0;
  readonly #mutant: WorldModel;
  readonly #carrier: WorldModel;
  readonly #wanted: number;
  /** The carrier's words before the step, and whether they are those of now. */
  readonly #carrierHere: Int32Array;
  #isHere = false;
  readonly #compared: Int32Array;
  #isCarrierGone = false;

  constructor({ mutant, carrier, wanted = 0 }: LockstepOptions) {
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
    this.#compared = new Int32Array(2 * Math.max(mutant.wordCount, carrier.wordCount));
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
    const broken = (own & VIOLATED) === 0 ? 0 : this.#mutant.violated;
    if (this.#isCarrierGone) return this.#answer(kind, broken & (this.#wanted || ~0));
    const other = this.#stepCarrier(transition);
    const excused = (other & VIOLATED) === 0 ? 0 : this.#carrier.violated;
    if (this.#wanted === 0 && !this.#isAlike(kind, other & KIND_MASK, broken === excused)) this.differences += 1;
    if (!isTaken(kind) && !isTaken(other & KIND_MASK)) return NOT_ENABLED;
    if ((other & KIND_MASK) === ENDED) this.#isCarrierGone = true;
    if ((excused & this.#wanted) !== 0) return ENDED;
    return this.#answer(kind, this.#wanted === 0 ? broken & ~excused : broken & this.#wanted);
  }

  label(transition: number): readonly Operation[] {
    return this.#mutant.label(transition);
  }

  explain(property: number): string {
    return this.#mutant.explain(property);
  }

  /** Words are compared, so a step that changed none of either is found to be one. */
  #answer(kind: number, broken: number): number {
    this.violated = broken;
    const next = kind === ENDED ? ENDED : NEXT;
    return broken === 0 ? next : next | VIOLATED;
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

  #isAlike(kind: number, other: number, areBrokenAlike: boolean): boolean {
    const isEnd = kind === ENDED || other === ENDED;
    if (!areBrokenAlike || isTaken(kind) !== isTaken(other) || (isEnd && kind !== other)) return false;
    if (this.#mutant.lastAnswer !== this.#carrier.lastAnswer) return false;
    return isEnd || this.#haveEqualWords();
  }

  #haveEqualWords(): boolean {
    const { wordCount } = this.#mutant;
    if (this.#carrier.wordCount !== wordCount) return false;
    this.#mutant.store(this.#compared, 0);
    this.#carrier.store(this.#compared, wordCount);
    for (let word = 0; word < wordCount; word += 1) {
      if (this.#compared[word] !== this.#compared[wordCount + word]) return false;
    }
    return true;
  }
}

function isTaken(kind: number): boolean {
  return kind !== NOT_ENABLED && kind !== MISSED;
}

export function createLockstepModel(options: LockstepOptions): LockstepModel {
  return new LockstepModel(options);
}
