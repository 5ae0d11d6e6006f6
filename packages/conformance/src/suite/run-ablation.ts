// SPDX-License-Identifier: MIT
/**
 * What each addition of a design is for: the design runs without it, and the invariant the addition says it guards must
 * fall. Cases that attach by themselves come first, on both kernel interfaces and in both regimes; then all cases;
 * random histories only when no case notices.
 */
import type { Strategy } from '@sda-lab/guest-memory';
import { KERNEL_BACKENDS } from '../world/world-spec.ts';
import { CASES } from './cases.ts';
import type { ConformanceCase } from './conformance-case.ts';
import type { Finding } from './finding.ts';
import { runConformance } from './run-conformance.ts';

export interface AblationRow {
  readonly id: string;
  /** The addition left out. */
  readonly without: string;
  readonly what: string;
  /** The invariant the design says this addition guards. */
  readonly guards: string;
  /** The finding for it, or for another invariant if that one held; undefined: nothing fell. */
  readonly falls: Finding | undefined;
  /** Other invariants that fell in the same cases. */
  readonly alsoFalls: readonly string[];
}

export interface AblationOptions {
  /** Random runs for a switch no case notices. @defaultValue 2000 */
  readonly runs?: number;
  readonly seed?: number;
  readonly onProgress?: (done: number, of: number) => void;
}

const WRITTEN = CASES.filter(({ setUp }) => setUp === 'as-written');

export function runAblation(strategies: readonly Strategy[], options: AblationOptions = {}): AblationRow[] {
  const switches = strategies.flatMap((strategy) => strategy.additions.map((addition) => ({ strategy, addition })));
  return switches.map(({ strategy, addition }, at): AblationRow => {
    const found = findFalls(strategy, addition, options);
    options.onProgress?.(at + 1, switches.length);
    const falls = found.find(({ invariant }) => invariant === addition.guards) ?? found[0];
    const others = new Set(found.map(({ invariant }) => invariant as string));
    others.delete(falls?.invariant ?? '');
    const { id: without, what, guards } = addition;
    return { id: strategy.id, without, what, guards, falls, alsoFalls: [...others] };
  });
}

function findFalls(
  strategy: Strategy,
  { id, guards }: { id: string; guards: string },
  { runs = 2000, seed = 1 }: AblationOptions,
): Finding[] {
  const without = new Set([id]);
  const search = (cases: readonly ConformanceCase[], randomRuns: number): Finding[] =>
    runConformance(strategy, { backends: KERNEL_BACKENDS, without, runs: randomRuns, seed, cases }).cells.flatMap(({ broken }) => broken);
  const rounds = [() => search(WRITTEN, 0), () => search(CASES, 0), () => search([], runs)];
  let found: Finding[] = [];
  for (const round of rounds) {
    found = [...found, ...round()];
    if (found.some(({ invariant }) => invariant === guards)) break;
  }
  return found.toSorted((a, b) => detour(a) - detour(b));
}

/** Operations in a history line; a wrong answer says less than a wrong state, however short. */
function detour({ history, seenIn }: Finding): number {
  return history.split(';').length + (seenIn === 'answer' ? 100 : 0);
}
