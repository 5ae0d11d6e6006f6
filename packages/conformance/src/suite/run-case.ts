// SPDX-License-Identifier: MIT
/**
 * Runs one case in all its variations on one backend and regime, and adds what it finds. A strategy that throws has been judged by then
 * (`nonfatal`), so nothing escapes.
 */
import type { Regime, Strategy } from '@sda-lab/guest-memory';
import { printHistory } from '../history/print-history.ts';
import { explain } from '../judge/explain.ts';
import type { Witnesses } from '../judge/witnesses.ts';
import { runHistory, type RunOptions, type RunResult } from '../run-history.ts';
import type { WorldBackend } from '../world/world-spec.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { attributed } from './attributed.ts';
import type { Findings } from './finding.ts';
import { reportedHistory } from './reported-history.ts';
import { type Variation, variationsOf } from './variations.ts';

export interface CaseRun {
  readonly passed: boolean;
  readonly worldCount: number;
  readonly stopped: boolean;
  /** Some world got where nobody can say what comes next (an operation inside another one that waits half done). */
  readonly undecided: boolean;
}

export function runCase(
  testCase: ConformanceCase,
  strategy: Strategy,
  backend: WorldBackend,
  regime: Regime,
  run: RunOptions,
  witnesses: Witnesses,
  findings: Findings,
): CaseRun {
  const variations = variationsOf(testCase, backend, regime, strategy.capabilities);
  let passed = true;
  let stopped = false;
  let undecided = false;
  let worldCount = 0;
  let isAlike = false;
  for (const variation of variations) {
    // Each world of a VMM that stops is followed by the same of one that retries, which differs only after a refusal.
    if (isAlike && variation.history.world.onRefusal === 'retry') continue;
    const result = runHistory(strategy, variation.history, run);
    isAlike = !result.askedOnRefusal;
    worldCount += 1;
    witnesses.add(result.witnesses);
    stopped ||= result.stopped;
    undecided ||= result.undecided;
    if (result.undecided) passed = false;
    if (result.violations.length === 0 && !variation.checksAnswers) continue;
    const { onRefusal } = variation.history.world;
    const place = { case: testCase.id, backend, regime, onRefusal, history: printHistory(variation.history) };
    for (const found of result.violations) {
      const { invariant, reach } = found;
      const own = attributed(strategy, variation.history, found, backend, run);
      if (own === undefined) continue;
      passed = false;
      if (!findings.wants({ invariant, reach, onRefusal }) || (testCase.isNested && findings.has(invariant, reach))) continue;
      const { history, violation } = reportedHistory(strategy, own.history, own.violation, run);
      const line = printHistory(history);
      findings.add({ invariant, reach, ...place, history: line, seenIn: 'state', explanation: explain(violation, history) });
    }
    const wrong = findWrongAnswer(testCase, variation, result);
    // An answer differs because an invariant fell; only an answer that differs alone is a finding of its own.
    if (wrong !== undefined && result.violations.length === 0) {
      passed = false;
      findings.add({ invariant: testCase.about, reach: 'live', ...place, seenIn: 'answer', explanation: wrong });
    }
  }
  return { passed, worldCount, stopped, undecided };
}

function findWrongAnswer(testCase: ConformanceCase, variation: Variation, result: RunResult): string | undefined {
  if (!variation.checksAnswers || result.undecided) return undefined;
  for (const [number, expected] of Object.entries(testCase.answers)) {
    const answer = result.steps[variation.leadCount + Number(number) - 1]?.answer;
    if (answer === expected) continue;
    return `Let operation ${number} of the case be done. Then it answers ${expected} (${testCase.fact}). However, it answers ${String(answer)}.`;
  }
  return undefined;
}
