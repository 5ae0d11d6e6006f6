// SPDX-License-Identifier: MIT
import { InvalidArgumentError } from '@commander-js/extra-typings';

/** fast-check's seeds have 32 bits, and each round of a search adds one. */
const MAX_SEED = 2_000_000_000;
const MAX_RUNS = 10_000_000;

/** A day. */
const MAX_SECONDS = 86_400;
/** The suite itself needs half of it. */
const MIN_MIB = 64;
const MAX_MIB = 1 << 20;

/** Parser of a whole number from `min` to `max`, both included. */
export function wholeNumber(max: number, min: number = 0): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
  };
}

export const parseSeed: (text: string) => number = wholeNumber(MAX_SEED);
export const parseRuns: (text: string) => number = wholeNumber(MAX_RUNS);
export const parseSeconds: (text: string) => number = wholeNumber(MAX_SECONDS, 1);
export const parseMiB: (text: string) => number = wholeNumber(MAX_MIB, MIN_MIB);

/** Parser of an option that may be given several times, each time with one of `choices` (any text without them). */
export function collect<T extends string>(choices?: readonly T[]): (text: string, before: readonly T[] | undefined) => T[] {
  return (text, before) => {
    if (choices !== undefined && !choices.includes(text as T)) {
      throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`);
    }
    return [...new Set([...(before ?? []), text as T])];
  };
}
