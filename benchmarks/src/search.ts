// SPDX-License-Identifier: MIT
// The per-page model, searched by the lab on the code of a design and by spin's pan on the same model in Promela.
//
//     round: pan, lab    round: lab, pan    ...    ratio of each round -> median
//
// Both must count the same states and transitions, or there is nothing to compare. pan takes one transition more, from
// `init` into its loop. Needs spin and gcc; without them the lab runs alone, and the reason is told.
// Usage: search [PAGES] [STRATEGY] [ROUNDS]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Run {
  readonly states: number;
  readonly transitions: number;
  readonly seconds: number;
}

const [pagesText = '8', strategy = 'extended-rdm', roundsText = '5'] = process.argv.slice(2);
const pages = Number(pagesText);
const rounds = Number(roundsText);
const model = fileURLToPath(new URL('../promela/per-page.pml', import.meta.url));
const lab = fileURLToPath(new URL('../../packages/lab/dist/main.js', import.meta.url));
/** The Promela model has its pages written out one by one. */
const MOST_PAGES = 10;
/** pan's depth bound: its search goes as deep as there are states. */
const panDepth = 4 ** pages * 4 + 10;

/** What the program wrote on standard output; throws with what it wrote elsewhere when it failed. */
function run(file: string, args: readonly string[], cwd?: string): string {
  const { status, stdout, stderr, error } = spawnSync(file, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${status}: ${stderr}${stdout}`);
  return stdout;
}

/** Builds pan into the folder; the reason when that cannot be. */
function buildPan(folder: string): string | undefined {
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

function runPan(folder: string): Run {
  const text = run(join(folder, 'pan'), [`-m${panDepth}`, '-w22', '-n'], folder);
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? Number.NaN);
  if (number(/errors: (\d+)/) !== 0) throw new Error(`pan found an error in the model, or did not finish:\n${text}`);
  return {
    states: number(/(\d+) states, stored/),
    transitions: number(/(\d+) transitions/) - 1,
    seconds: number(/elapsed time ([\d.]+) seconds/),
  };
}

function runLab(): Run {
  const text = run(process.execPath, [lab, 'search', strategy, '--model', 'per-page', '--pages', String(pages), '--json']);
  const { strategies } = JSON.parse(text) as { strategies: (Run & { verdict: string; by: string })[] };
  const [{ verdict, by, states, transitions, seconds }] = strategies as [(typeof strategies)[0]];
  if (verdict !== 'holds') throw new Error(`${strategy} is ${verdict} (by ${by}); only a complete search compares`);
  return { states, transitions, seconds };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

const millions = ({ transitions, seconds }: Run): string => `${(transitions / seconds / 1e6).toFixed(2)} M transitions/s`;
const counts = ({ states, transitions }: Run): string => `${states} states, ${transitions} transitions`;
const byTime = (runs: readonly Run[]): Run => {
  const middle = median(runs.map(({ seconds }) => seconds));
  return runs.find(({ seconds }) => seconds === middle)!;
};

function compareBoth(folder: string): void {
  const labRuns: Run[] = [];
  const panRuns: Run[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // Neither is always the one that finds the machine warm.
    if (round % 2 === 0) panRuns.push(runPan(folder));
    labRuns.push(runLab());
    if (round % 2 === 1) panRuns.push(runPan(folder));
  }
  for (const one of [...labRuns, ...panRuns]) {
    if (counts(one) !== counts(labRuns[0]!)) throw new Error(`the models differ: ${counts(one)} against ${counts(labRuns[0]!)}`);
  }
  const ratio = median(labRuns.map(({ seconds }, round) => panRuns[round]!.seconds / seconds));
  console.log(`${counts(labRuns[0]!)}, counted by both`);
  console.log(`lab, ${strategy}: ${millions(byTime(labRuns))}; pan: ${millions(byTime(panRuns))}; the lab is ${ratio.toFixed(2)} times as fast`);
}

const folder = mkdtempSync(join(tmpdir(), 'sda-lab-pan-'));
try {
  console.log(`per-page model, ${pages} pages, Node ${process.versions.node}, ${rounds} rounds`);
  const whyNot = buildPan(folder);
  if (whyNot === undefined) compareBoth(folder);
  else {
    const labRuns = Array.from({ length: rounds }, runLab);
    console.log(`lab, ${strategy}: ${counts(labRuns[0]!)}; ${millions(byTime(labRuns))}; pan left out: ${whyNot}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
