// SPDX-License-Identifier: MIT
// The per-page model, searched by the lab on the code of a design and by spin's pan on the same model in Promela; then
// whole worlds, searched by the lab alone.
//
//     round: pan, lab    round: lab, pan    ...    ratio of each round -> median
//
// Both must count the same states and transitions, or there is nothing to compare: that is looked at in a run of each
// before any is timed. Needs spin and gcc; without them the lab runs alone, and the reason is told.
// Usage: search [PAGES] [STRATEGY] [ROUNDS]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from './harness/statistics.ts';
import { buildPan, type PanRun, runPan } from './pan.ts';
import { countsOf, middleOf, millionsPerSecond, runSearch, type SearchRun } from './run-program.ts';
import { reportWorlds } from './world-search.ts';

const [pagesText = '8', strategy = 'extended-rdm', roundsText = '5'] = process.argv.slice(2);
const pages = Number(pagesText);
const rounds = Number(roundsText);
const WORLD_STRATEGIES = ['extended-rdm', 'notifier-list'];

/** `--every-step`: refusals that are known not to be met are stepped all the same, as pan does. */
const runLab = (...more: readonly string[]): SearchRun =>
  runSearch(strategy, ['--model', 'per-page', '--pages', String(pages), ...more]);

interface Round {
  readonly pan: PanRun;
  readonly lab: SearchRun;
  readonly everyStep: SearchRun;
}

function compareBoth(folder: string): void {
  const [expected, found] = [runPan(folder, pages), runLab()];
  if (countsOf(expected) !== countsOf(found)) {
    throw new Error(`the models differ: pan counts ${countsOf(expected)}, the lab ${countsOf(found)}`);
  }
  const all = Array.from({ length: rounds }, (_, round): Round => {
    // Neither is always the one that finds the machine warm.
    const before = round % 2 === 0 ? runPan(folder, pages) : undefined;
    const [lab, everyStep] = [runLab(), runLab('--every-step')];
    return { lab, everyStep, pan: before ?? runPan(folder, pages) };
  });
  const speedOf = (side: keyof Round): string => millionsPerSecond(middleOf(all.map((round) => round[side])));
  console.log(`${countsOf(found)}, counted by both`);
  console.log(`pan: ${speedOf('pan')}`);
  for (const [side, what] of [['lab', 'refusals that are not met counted'], ['everyStep', 'every refusal stepped']] as const) {
    const ratios = all.map((round) => round.pan.seconds / round[side].seconds);
    const rows = ratios.map((one) => one.toFixed(2)).join(', ');
    console.log(`lab, ${strategy}, ${what}: ${speedOf(side)}, ${median(ratios).toFixed(2)} times as fast as pan (rounds: ${rows})`);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'sda-lab-pan-'));
try {
  console.log(`per-page model, ${pages} pages, Node ${process.versions.node}, ${rounds} rounds`);
  const whyNot = buildPan(folder, pages);
  if (whyNot === undefined) compareBoth(folder);
  else {
    const labRuns = Array.from({ length: rounds }, () => runLab());
    console.log(`lab, ${strategy}: ${countsOf(labRuns[0]!)}; ${millionsPerSecond(middleOf(labRuns))}; pan left out: ${whyNot}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
reportWorlds(WORLD_STRATEGIES, rounds);
