// SPDX-License-Identifier: MIT
// Programs that a benchmark starts: the lab's own command line among them.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median } from './harness/statistics.ts';

const lab = fileURLToPath(new URL('../../packages/lab/dist/main.js', import.meta.url));

/** What a search of one strategy counted, and how long it took. */
export interface SearchRun {
  readonly verdict: string;
  readonly by: string;
  readonly complete: boolean;
  readonly states: number;
  readonly transitions: number;
  readonly seconds: number;
}

/** What the program wrote on standard output; throws with what it wrote elsewhere when it failed. */
export function run(file: string, args: readonly string[], cwd?: string): string {
  const { status, stdout, stderr, error } = spawnSync(file, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${status}: ${stderr}${stdout}`);
  return stdout;
}

/** `nodeArgs` go to Node itself. A search that does not hold compares with nothing. */
export function runSearch(strategy: string, args: readonly string[], nodeArgs: readonly string[] = []): SearchRun {
  const text = run(process.execPath, [...nodeArgs, lab, 'search', strategy, ...args, '--json']);
  const [found] = (JSON.parse(text) as { strategies: SearchRun[] }).strategies as [SearchRun];
  if (found.verdict !== 'holds' || !found.complete) {
    throw new Error(`${strategy} is ${found.verdict} (by ${found.by}); only a complete search that holds is timed`);
  }
  return found;
}

export function millionsPerSecond({ transitions, seconds }: Pick<SearchRun, 'transitions' | 'seconds'>): string {
  return `${(transitions / seconds / 1e6).toFixed(2)} M transitions/s`;
}

export function countsOf({ states, transitions }: Pick<SearchRun, 'states' | 'transitions'>): string {
  return `${states} states, ${transitions} transitions`;
}

/** The run in the middle. */
export function middleOf<Run extends { readonly seconds: number }>(runs: readonly Run[]): Run {
  const middle = median(runs.map(({ seconds }) => seconds));
  return runs.find(({ seconds }) => seconds === middle)!;
}
