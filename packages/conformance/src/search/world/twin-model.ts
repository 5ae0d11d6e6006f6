// SPDX-License-Identifier: MIT
/**
 * Whether a change changes anything: two designs through every step of every history, one with the change and one
 * without. A step in which they differ (its answer, what the judge finds, any word of where it ends) is counted; a search
 * to its end without one shows that no history of the bound tells the two apart, and what holds for one holds for the
 * other.
 *
 * While nothing differs the words of the one are those of the other, so a state is stored once and loaded into both, and
 * there are as many as the design without the change has. Not covered: races, designs without words.
 */
import { assert } from '@sda-lab/guest-memory';
import type { Operation } from '../../history/operation.ts';
import { ENDED, type Hole, KIND_MASK, NEXT, type Property, SAME, type SearchModel, type Sometimes } from '../search-model.ts';
import type { WorldModel } from './world-model.ts';

export class TwinModel implements SearchModel {
  readonly wordCount: number;
  readonly transitionCount: number;
  readonly spine: Uint8Array;
  readonly always: readonly Property[] = [];
  readonly sometimes: readonly Sometimes[];
  readonly violated = 0;
  /** Steps so far in which the two were not alike. */
  differences = 0;
  readonly #changed: WorldModel;
  readonly #original: WorldModel;
  readonly #own: Int32Array;
  readonly #other: Int32Array;

  constructor(changed: WorldModel, original: WorldModel) {
    assert(changed.load !== undefined && original.load !== undefined, 'both have words');
    assert(changed.transitionCount === original.transitionCount, 'both are in the same world');
    assert(changed.wordCount === original.wordCount, 'both remember the same');
    this.#changed = changed;
    this.#original = original;
    this.wordCount = changed.wordCount;
    this.transitionCount = changed.transitionCount;
    this.spine = changed.spine;
    this.sometimes = changed.sometimes;
    this.#own = new Int32Array(this.wordCount);
    this.#other = new Int32Array(this.wordCount);
  }

  get hole(): Hole | undefined {
    return this.#changed.hole ?? this.#original.hole;
  }

  get witnessed(): number {
    return this.#changed.witnessed;
  }

  reset(): void {
    this.#changed.reset();
    this.#original.reset();
  }

  store(words: Int32Array, at: number): void {
    this.#changed.store(words, at);
  }

  load(words: Int32Array, at: number): void {
    this.#changed.load!(words, at);
    this.#original.load!(words, at);
  }

  step(transition: number): number {
    const flags = this.#changed.step(transition);
    const kind = flags & KIND_MASK;
    const isAlike = this.#original.step(transition) === flags && this.#areAlike(kind);
    // What the two share goes no further.
    if (!isAlike) {
      this.differences += 1;
      return ENDED;
    }
    return kind;
  }

  label(transition: number): readonly Operation[] {
    return this.#changed.label(transition);
  }

  explain(): string {
    assert(false, 'a difference is counted and not explained');
  }

  #areAlike(kind: number): boolean {
    const isTaken = kind === SAME || kind === NEXT || kind === ENDED;
    if (!isTaken) return true;
    if (this.#changed.violated !== this.#original.violated || this.#changed.lastAnswer !== this.#original.lastAnswer) return false;
    if (kind === ENDED) return true;
    this.#changed.store(this.#own, 0);
    this.#original.store(this.#other, 0);
    for (let word = 0; word < this.wordCount; word += 1) if (this.#own[word] !== this.#other[word]) return false;
    return true;
  }
}

/** @param changed - with the change, in the same world as `original`. */
export function createTwinModel(changed: WorldModel, original: WorldModel): TwinModel {
  return new TwinModel(changed, original);
}
