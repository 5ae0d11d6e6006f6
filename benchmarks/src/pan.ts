// SPDX-License-Identifier: MIT
// spin's pan over promela/per-page.pml: built for a number of pages, run, and read.
//
// pan takes one transition more than the model has, from `init` into its loop.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './run-program.ts';

export interface PanRun {
  readonly states: number;
  readonly transitions: number;
  readonly seconds: number;
}

/** The Promela model has its pages written out one by one. */
const MOST_PAGES = 10;
const model = fileURLToPath(new URL('../promela/per-page.pml', import.meta.url));

/** Builds pan into the folder; the reason when that cannot be. */
export function buildPan(folder: string, pages: number): string | undefined {
  if (pages > MOST_PAGES) return `the Promela model has at most ${MOST_PAGES} pages`;
  try {
    run('spin', [`-DP=${pages}`, '-a', model], folder);
    run('gcc', ['-O2', '-DSAFETY', '-DNOREDUCE', '-o', 'pan', 'pan.c'], folder);
    return undefined;
  } catch (error) {
    const { code, path, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? `${path} is not installed (Debian: apt-get install spin gcc)` : message;
  }
}

export function runPan(folder: string, pages: number): PanRun {
  // Its search goes as deep as there are states.
  const text = run(join(folder, 'pan'), [`-m${4 ** pages * 4 + 10}`, '-w22', '-n'], folder);
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? Number.NaN);
  if (number(/errors: (\d+)/) !== 0) throw new Error(`pan found an error in the model, or did not finish:\n${text}`);
  return {
    states: number(/(\d+) states, stored/),
    transitions: number(/(\d+) transitions/) - 1,
    seconds: number(/elapsed time ([\d.]+) seconds/),
  };
}
