// SPDX-License-Identifier: MIT
// The search of whole worlds, the judge on: how fast, and where the time goes; at the standard bound, most of which Node
// spends on warming up, and with a page more.
//
// Speed is that of undisturbed runs, one strategy after the other in each round. The shares come from one more run of
// each with Node's sampling profiler, which slows it by some hundredths; only shares are taken from that one.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CpuProfile, PHASES, profileShares, type Shares } from './profile-shares.ts';
import { countsOf, middleOf, millionsPerSecond, runSearch, type SearchRun } from './run-program.ts';

const SAMPLE_MICROSECONDS = 200;
const BOUNDS: Readonly<Record<string, readonly string[]>> = { 'standard bound': [], '4 pages': ['--pages', '4'] };

export function reportWorlds(strategies: readonly string[], rounds: number): void {
  for (const [name, args] of Object.entries(BOUNDS)) {
    const runs = new Map<string, SearchRun[]>(strategies.map((strategy) => [strategy, []]));
    for (let round = 0; round < rounds; round += 1) {
      // Neither is always the one that finds the machine warm.
      for (const strategy of round % 2 === 0 ? strategies : strategies.toReversed()) runs.get(strategy)!.push(runSearch(strategy, args));
    }
    console.log(`\nworld model, ${name}, judge on, ${rounds} rounds`);
    for (const [strategy, all] of runs) reportStrategy(strategy, args, middleOf(all));
  }
}

function reportStrategy(strategy: string, args: readonly string[], middle: SearchRun): void {
  const nanoseconds = (middle.seconds / middle.transitions) * 1e9;
  console.log(`${strategy}: ${countsOf(middle)}; ${millionsPerSecond(middle)}, ${nanoseconds.toFixed(0)} ns each`);
  const { phases, garbage } = sharesOf(strategy, args);
  for (const phase of PHASES) {
    const share = phases[phase];
    console.log(`  ${phase.padEnd(15)} ${(share * 100).toFixed(1).padStart(5)} %  ${(share * nanoseconds).toFixed(0).padStart(7)} ns`);
  }
  console.log(`  and ${(garbage * 100).toFixed(1)} % of all these for the collector of garbage`);
}

function sharesOf(strategy: string, args: readonly string[]): Shares {
  const folder = mkdtempSync(join(tmpdir(), 'sda-lab-profile-'));
  try {
    runSearch(strategy, args, ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${SAMPLE_MICROSECONDS}`]);
    const [file] = readdirSync(folder);
    return profileShares(JSON.parse(readFileSync(join(folder, file!), 'utf8')) as CpuProfile);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
