// SPDX-License-Identifier: MIT
/** How long and how large a design of one's own may get, and the options that say so. */
import { Option } from '@commander-js/extra-typings';
import { parseMiB, parseSeconds } from '../command-line/option-values.ts';
import { UsageError } from '../usage-error.ts';

export interface Limits {
  /** From the start of loading the design to its last answer. */
  readonly seconds: number;
  /** Of the Worker's heap. With what lies outside of it (typed arrays) the process may grow by somewhat more than twice as much. */
  readonly heapMiB: number;
}

const DEFAULT_SECONDS = 120;
const DEFAULT_HEAP_MIB = 1024;

export const timeLimitOption = () =>
  new Option('--time-limit <seconds>', `for each design of your own (default: ${DEFAULT_SECONDS})`).argParser(parseSeconds);

export const memoryLimitOption = () =>
  new Option('--memory-limit <MiB>', `of heap, for each design of your own (default: ${DEFAULT_HEAP_MIB})`).argParser(parseMiB);

interface LimitOptions {
  readonly timeLimit?: number | undefined;
  readonly memoryLimit?: number | undefined;
}

export function limitsOf({ timeLimit = DEFAULT_SECONDS, memoryLimit = DEFAULT_HEAP_MIB }: LimitOptions): Limits {
  return { seconds: timeLimit, heapMiB: memoryLimit };
}

/** The lab's own designs run in the program itself, where nothing ends them. */
export function checkLimits({ timeLimit, memoryLimit }: LimitOptions): void {
  if (timeLimit === undefined && memoryLimit === undefined) return;
  throw new UsageError('--time-limit and --memory-limit are for a design of your own, given as a file such as ./my-strategy.js');
}
