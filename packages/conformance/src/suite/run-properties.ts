// SPDX-License-Identifier: MIT
/**
 * Random histories against the judge. A history that breaks an invariant not yet found is shrunk to the shortest that
 * fast-check reaches, recorded, and the search goes on for others until its runs are used up.
 */
import type { Regime, Strategy } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import type { History } from '../history/history.ts';
import { printHistory } from '../history/print-history.ts';
import { explain } from '../judge/explain.ts';
import type { Violation } from '../judge/violation.ts';
import type { Witnesses } from '../judge/witnesses.ts';
import { runHistory, type RunOptions } from '../run-history.ts';
import type { WorldBackend } from '../world/world-spec.ts';
import { type Attributed, attributed } from './attributed.ts';
import type { Findings } from './finding.ts';
import { reportedHistory } from './reported-history.ts';
import { randomHistory } from './random-history.ts';

export interface PropertyRun {
  readonly runs: number;
  /** Operations applied, shrinking left out. */
  readonly commands: number;
}

export interface PropertyOptions {
  readonly strategy: Strategy;
  readonly backend: WorldBackend;
  readonly regime: Regime;
  readonly runs: number;
  readonly seed: number;
  readonly run: RunOptions;
  /** Receives what is new; what it has already is not searched for again. */
  readonly findings: Findings;
  readonly witnesses: Witnesses;
}

export function runProperties(options: PropertyOptions): PropertyRun {
  const { strategy, backend, regime, findings } = options;
  const arbitrary = randomHistory(strategy, backend, regime);
  let runs = 0;
  let commands = 0;
  // Each round ends with one new finding or with no runs left, so the rounds are bounded by what can be found.
  for (let round = 0; runs < options.runs; round += 1) {
    const seed = options.seed + round;
    // The counterexample is the history that failed last; run again, a design that uses chance might not fail.
    let last: Attributed | undefined;
    const details = fc.check(
      fc.property(arbitrary, (history) => {
        commands += history.operations.length;
        const found = findNew(options, history);
        last = found ?? last;
        return found === undefined;
      }),
      { seed, numRuns: options.runs - runs, endOnFailure: false },
    );
    runs += details.numRuns;
    if (!details.failed) break;
    // What is drawn as one piece, a whole migration say, shrinks as one piece.
    const { history, violation } = reportedHistory(strategy, last!.history, last!.violation, options.run, 0);
    findings.add({
      invariant: violation.invariant,
      reach: violation.reach,
      case: `property seed=${seed}`,
      backend,
      regime,
      seenIn: 'state',
      onRefusal: history.world.onRefusal,
      history: printHistory(history),
      explanation: explain(violation, history),
    });
  }
  return { runs, commands };
}

function findNew({ strategy, backend, run, findings, witnesses }: PropertyOptions, history: History): Attributed | undefined {
  const result = runHistory(strategy, history, run);
  witnesses.add(result.witnesses);
  for (const violation of result.violations) {
    if (isKnown(findings, violation.invariant, violation.reach)) continue;
    const found = attributed(strategy, history, violation, backend, run);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What is live is no news when it shows again after the VM stopped. */
function isKnown(findings: Findings, invariant: Violation['invariant'], reach: Violation['reach']): boolean {
  return findings.has(invariant, reach) || (reach === 'latent' && findings.has(invariant, 'live'));
}
