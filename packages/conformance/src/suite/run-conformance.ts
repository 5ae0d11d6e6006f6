// SPDX-License-Identifier: MIT
/**
 * The conformance suite over one strategy: every named case and the properties, on every backend and regime asked for.
 * A pure function of its arguments: one seed, one report.
 */
import type { Regime, Strategy } from '@sda-lab/guest-memory';
import type { History } from '../history/history.ts';
import { INVARIANTS } from '../judge/invariant.ts';
import type { RunOptions } from '../run-history.ts';
import type { WorldParts } from '../world/machine.ts';
import { type Witness, Witnesses } from '../judge/witnesses.ts';
import { WORLD_BACKENDS, type WorldBackend } from '../world/world-spec.ts';
import { CASES } from './cases.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { type Finding, Findings } from './finding.ts';
import { fits } from './fits.ts';
import { owed } from './owed.ts';
import { runCase } from './run-case.ts';
import { runProperties } from './run-properties.ts';

export type Outcome = 'holds' | 'broken' | 'stops' | 'n-a' | 'unknown';
export type Verdict = 'holds' | 'broken' | 'unknown';

export interface Cell {
  readonly backend: WorldBackend;
  readonly regime: Regime;
  readonly outcome: Outcome;
  /** Some refused conversion stopped the VM. */
  readonly stops: boolean;
  /** First finding per invariant and reach, in the order of the invariants. */
  readonly broken: readonly Finding[];
  /** Invariants, and consumers' parts of them, that no run came near to breaking; they make the outcome unknown. */
  readonly unwitnessed: readonly Witness[];
}

export interface ConformanceReport {
  readonly id: string;
  readonly verdict: Verdict;
  readonly notApplicable: boolean;
  readonly cells: readonly Cell[];
  /** Distinct case ids, not id times world. */
  readonly cases: { readonly total: number; readonly passed: number; readonly failed: number; readonly skipped: number };
  readonly skippedCases: readonly string[];
  readonly failedCases: readonly string[];
  readonly worlds: number;
  readonly properties: { readonly runs: number; readonly commands: number };
}

export interface ConformanceOptions {
  readonly backends?: readonly WorldBackend[];
  readonly regimes?: readonly Regime[];
  /** Property runs over all backends and regimes. @defaultValue DEFAULT_RUNS */
  readonly runs?: number;
  /** @defaultValue 1 */
  readonly seed?: number;
  /** Additions to leave out. */
  readonly without?: ReadonlySet<string>;
  /** Cases to run. @defaultValue all */
  readonly cases?: readonly ConformanceCase[];
  /** Parts of the machine that are replaced to plant faults. @defaultValue QEMU's own */
  readonly parts?: WorldParts;
  /** Fires after each cell; it looks and must not act. */
  readonly onProgress?: (done: number, of: number) => void;
  /** Fires before each history. */
  readonly onHistory?: (history: History) => void;
  /** Fires for each finding that is kept, as soon as it is known. */
  readonly onFinding?: (finding: Finding) => void;
  /** Fires after each cell with a report over the cells so far. */
  readonly onCell?: (soFar: ConformanceReport) => void;
}

/** Enough for every cell of a design with both regimes to get 300. */
export const DEFAULT_RUNS = 4200;

const REGIMES: readonly Regime[] = ['two-backend', 'in-place'];

export function runConformance(strategy: Strategy, options: ConformanceOptions = {}): ConformanceReport {
  const { backends = WORLD_BACKENDS, regimes = REGIMES, runs = DEFAULT_RUNS, seed = 1, cases = CASES } = options;
  const { parts, onHistory, onFinding } = options;
  const run: RunOptions = { without: options.without ?? new Set<string>(), ...(parts && { parts }), ...(onHistory && { onHistory }) };
  checkSwitches(strategy, run.without ?? new Set());
  const places = backends.flatMap((backend) => regimes.map((regime) => ({ backend, regime })));
  const offered = places.filter(({ regime }) => strategy.capabilities.regimes.includes(regime)).length;
  const tally = new Tally(cases);
  const cells: Cell[] = [];
  const report = (): ConformanceReport => ({ id: strategy.id, ...verdictOf(cells), cells: [...cells], ...tally.result() });
  const shared = { runs: Math.ceil(runs / Math.max(1, offered)), seed, run, cases, tally, onFinding };
  for (const place of places) {
    cells.push(runCell(strategy, place, shared));
    options.onProgress?.(cells.length, places.length);
    options.onCell?.(report());
  }
  return report();
}

interface CellOptions {
  readonly runs: number;
  readonly seed: number;
  readonly run: RunOptions;
  readonly cases: readonly ConformanceCase[];
  readonly tally: Tally;
  readonly onFinding: ConformanceOptions['onFinding'];
}

function runCell(
  strategy: Strategy,
  { backend, regime }: { backend: WorldBackend; regime: Regime },
  { runs, seed, run, cases, tally, onFinding }: CellOptions,
): Cell {
  const place = { backend, regime };
  if (!strategy.capabilities.regimes.includes(regime)) {
    return { ...place, outcome: 'n-a', stops: false, broken: [], unwitnessed: [] };
  }
  const findings = new Findings(onFinding);
  const witnesses = new Witnesses();
  let stops = false;
  let undecided = false;
  const ordered = cases.toSorted((a, b) => turnOf(a) - turnOf(b));
  for (const testCase of ordered) {
    if (!testCase.backends.includes(backend) || !fits(testCase, strategy, regime)) continue;
    const ran = runCase(testCase, strategy, backend, regime, run, witnesses, findings);
    stops ||= ran.stopped;
    undecided ||= ran.undecided;
    tally.ran(testCase.id, ran.passed, ran.worldCount);
  }
  if (strategy.capabilities.assignment && runs > 0) {
    tally.drew(runProperties({ strategy, ...place, runs, seed, run, findings, witnesses }));
  }
  const unwitnessed = owed(strategy, backend, regime).filter((invariant) => witnesses.count(invariant) === 0);
  const broken = findings.all.toSorted((a, b) => rank(a) - rank(b));
  return { ...place, outcome: outcomeOf(strategy, broken, stops, undecided || unwitnessed.length > 0), stops, broken, unwitnessed };
}

/**
 * Cases that attach by themselves were written for what they show; their histories make the better report. What needs one
 * operation inside another is told only where nothing simpler shows it.
 */
function turnOf({ setUp, isNested }: ConformanceCase): number {
  if (isNested) return 2;
  return setUp === 'spread' ? 1 : 0;
}

/** Order of the invariants' table, what is live before what is latent. */
function rank({ invariant, reach }: Finding): number {
  return INVARIANTS.indexOf(invariant) * 2 + (reach === 'live' ? 0 : 1);
}

function outcomeOf(strategy: Strategy, broken: readonly Finding[], stops: boolean, isUnknown: boolean): Outcome {
  if (broken.length > 0) return 'broken';
  if (!strategy.capabilities.assignment) return 'n-a';
  if (isUnknown) return 'unknown';
  return stops ? 'stops' : 'holds';
}

function verdictOf(cells: readonly Cell[]): { verdict: Verdict; notApplicable: boolean } {
  const outcomes = cells.map(({ outcome }) => outcome).filter((outcome) => outcome !== 'n-a');
  const notApplicable = outcomes.length === 0;
  if (outcomes.includes('broken') || outcomes.includes('stops')) return { verdict: 'broken', notApplicable };
  return { verdict: outcomes.includes('unknown') ? 'unknown' : 'holds', notApplicable };
}

function checkSwitches({ id, additions }: Strategy, without: ReadonlySet<string>): void {
  for (const name of without) {
    if (additions.some((addition) => addition.id === name)) continue;
    const known = additions.map((addition) => addition.id).join(', ') || 'none';
    throw new RangeError(`runConformance: ${id} has no switch '${name}'; its switches are ${known}`);
  }
}

/** Counts over distinct case ids. */
class Tally {
  readonly #cases: readonly ConformanceCase[];
  readonly #passed = new Map<string, boolean>();
  #worlds = 0;
  #runs = 0;
  #commands = 0;

  constructor(cases: readonly ConformanceCase[]) {
    this.#cases = cases;
  }

  ran(id: string, passed: boolean, worldCount: number): void {
    this.#passed.set(id, (this.#passed.get(id) ?? true) && passed);
    this.#worlds += worldCount;
  }

  drew({ runs, commands }: { runs: number; commands: number }): void {
    this.#runs += runs;
    this.#commands += commands;
  }

  result(): Pick<ConformanceReport, 'cases' | 'skippedCases' | 'failedCases' | 'worlds' | 'properties'> {
    const ids = this.#cases.map(({ id }) => id);
    const skippedCases = ids.filter((id) => !this.#passed.has(id));
    const failedCases = ids.filter((id) => this.#passed.get(id) === false);
    const skipped = skippedCases.length;
    const failed = failedCases.length;
    return {
      cases: { total: ids.length, passed: ids.length - skipped - failed, failed, skipped },
      skippedCases,
      failedCases,
      worlds: this.#worlds,
      properties: { runs: this.#runs, commands: this.#commands },
    };
  }
}
