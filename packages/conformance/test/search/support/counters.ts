// SPDX-License-Identifier: MIT
// A toy whose numbers are known: counters that go up and down one at a time between 0 and a top.
//
//   transitions   up 0..n-1, down 0..n-1 (the spine), look 0..n-1 (a self-loop)
//   states        (top + 1)^n, within depth d those with a sum of at most d
import { NEXT, NOT_ENABLED, type Property, SAME, type SearchModel, type Sometimes, VIOLATED } from '../../../src/search/search-model.ts';

export interface CountersOptions {
  readonly count: number;
  readonly top: number;
  /** The sum that is wrong; none when left out. */
  readonly wrongSum?: number;
  /** @defaultValue [] */
  readonly sometimes?: readonly Sometimes[];
}

export class Counters implements SearchModel<string> {
  readonly wordCount: number;
  readonly transitionCount: number;
  readonly spine: Uint8Array;
  readonly always: readonly Property[] = [{ invariant: 'bounded', reach: 'live' }];
  readonly sometimes: readonly Sometimes[];
  readonly violated = 1;
  /** `sometimes[i]` happens when counter 0 reaches i + 1. */
  witnessed = 0;
  protected readonly values: number[];
  readonly #top: number;
  readonly #wrongSum: number;

  constructor({ count, top, wrongSum = -1, sometimes = [] }: CountersOptions) {
    this.wordCount = count;
    this.transitionCount = 3 * count;
    this.spine = Uint8Array.from({ length: 3 * count }, (_, transition) => (transition < 2 * count ? 1 : 0));
    this.sometimes = sometimes;
    this.values = Array.from({ length: count }, () => 0);
    this.#top = top;
    this.#wrongSum = wrongSum;
  }

  reset(): void {
    this.values.fill(0);
  }

  store(words: Int32Array, at: number): void {
    for (const [index, value] of this.values.entries()) words[at + index] = value;
  }

  load(words: Int32Array, at: number): void {
    for (const index of this.values.keys()) this.values[index] = words[at + index]!;
  }

  step(transition: number): number {
    const count = this.values.length;
    const index = transition % count;
    const change = transition < count ? 1 : transition < 2 * count ? -1 : 0;
    if (change === 0) return SAME;
    const value = this.values[index]! + change;
    if (value < 0 || value > this.#top) return NOT_ENABLED;
    this.values[index] = value;
    if (this.values[0]! > 0) this.witnessed |= 1 << (this.values[0]! - 1);
    return this.sum() === this.#wrongSum ? NEXT | VIOLATED : NEXT;
  }

  label(transition: number): readonly string[] {
    return [`${['up', 'down', 'look'][Math.floor(transition / this.values.length)]} ${transition % this.values.length}`];
  }

  explain(): string {
    return `the sum is ${this.sum()}`;
  }

  protected sum(): number {
    return this.values.reduce((total, value) => total + value, 0);
  }
}

/** What a search over them must count. */
export function countersFacts({ count, top }: CountersOptions): { states: number; transitions: number; depth: number } {
  const states = (top + 1) ** count;
  const moves = 2 * count * top * (top + 1) ** (count - 1);
  return { states, transitions: moves + count * states, depth: count * top };
}

/** States whose values sum up to at most `depth`. */
export function countersWithin({ count, top }: CountersOptions, depth: number): number {
  let bySum = [1];
  for (let index = 0; index < count; index += 1) {
    bySum = Array.from({ length: depth + 1 }, (_, sum) => {
      let ways = 0;
      for (let value = 0; value <= Math.min(top, sum); value += 1) ways += bySum[sum - value] ?? 0;
      return ways;
    });
  }
  return bySum.reduce((total, ways) => total + ways, 0);
}
