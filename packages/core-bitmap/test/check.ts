// SPDX-License-Identifier: MIT
/*
 * The checker: applies the same steps to a subject and to the model and asks both every question after each.
 * planted.test.ts shows that it bites. Steps name cuts by index modulo their number, so shrinking stays legal.
 */
import type { EmitBits, ReadonlyBitmap } from '@sda-lab/core-bitmap';
import { Model } from './model.ts';

export interface Writable extends ReadonlyBitmap {
  assign(firstBit: number, endBit: number, value: boolean): void;
}

/** Assign `value` to the range between two cuts, then ask about the window between two others. */
export interface Step {
  readonly range: readonly [number, number];
  readonly value: boolean;
  readonly window: readonly [number, number];
}

export function between(cuts: readonly number[], [one, other]: readonly [number, number]): [number, number] {
  const a = cuts[one % cuts.length]!;
  const b = cuts[other % cuts.length]!;
  return a <= b ? [a, b] : [b, a];
}

/** What the walk emitted and returned, as one line; the walk is stopped at run number `stopAt`. */
export function runsOf(walk: (emit: EmitBits) => number, stopAt: number = Infinity): string {
  const runs: string[] = [];
  const result = walk((firstBit, endBit) => {
    runs.push(`${firstBit}-${endBit}`);
    return runs.length === stopAt ? 7 : 0;
  });
  return `${runs.join(' ')} -> ${result}`;
}

/** Every question of the interface about one window, with its answer. */
export function answersAbout(bits: ReadonlyBitmap, firstBit: number, endBit: number): Record<string, string> {
  const answers: Record<string, string> = {
    nextSet: String(bits.nextSet(firstBit, endBit)),
    nextClear: String(bits.nextClear(firstBit, endBit)),
    popcount: String(bits.popcount(firstBit, endBit)),
    setRuns: runsOf((emit) => bits.forEachSetRun(firstBit, endBit, emit)),
    clearRuns: runsOf((emit) => bits.forEachClearRun(firstBit, endBit, emit)),
    setRunsStopped: runsOf((emit) => bits.forEachSetRun(firstBit, endBit, emit), 2),
    clearRunsStopped: runsOf((emit) => bits.forEachClearRun(firstBit, endBit, emit), 1),
  };
  if (firstBit === endBit) return answers;
  answers['classify'] = bits.classify(firstBit, endBit);
  answers['allSet'] = String(bits.allSet(firstBit, endBit));
  answers['allClear'] = String(bits.allClear(firstBit, endBit));
  answers['test'] = `${String(bits.test(firstBit))} ${String(bits.test(endBit - 1))}`;
  return answers;
}

/** The first answer in which the subject differs from the model, in words; undefined when none does. */
export function firstDisagreement(
  subject: Writable,
  cuts: readonly number[],
  steps: readonly Step[],
): string | undefined {
  const model = new Model(cuts);
  for (const [at, step] of steps.entries()) {
    const [firstBit, endBit] = between(cuts, step.range);
    subject.assign(firstBit, endBit, step.value);
    model.assign(firstBit, endBit, step.value);
    for (const [low, high] of [between(cuts, step.window), [0, model.bitCount] as const]) {
      const expected = answersAbout(model, low, high);
      const actual = answersAbout(subject, low, high);
      for (const question of Object.keys(expected)) {
        if (actual[question] === expected[question]) continue;
        return `step ${at}, ${question} of [${low}, ${high}): ${actual[question]} instead of ${expected[question]}`;
      }
    }
  }
  return undefined;
}
