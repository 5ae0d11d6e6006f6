// SPDX-License-Identifier: MIT
/**
 * Runs one case in all its variations on one backend and regime. A strategy that throws has been judged by then
 * (`nonfatal`), so nothing escapes.
 */
import type { Regime, Strategy } from '@sda-lab/guest-memory';
import { printHistory } from '../history/print-history.ts';
import { explain } from '../judge/explain.ts';
import type { Witnesses } from '../judge/witnesses.ts';
import { runHistory, type RunOptions, type RunResult } from '../run-history.ts';
import type { WorldBackend } from '../world/world-spec.ts';
import type { ConformanceCase } from './conformance-case.ts';
import type { Finding } from './finding.ts';
import { type Variation, variationsOf } from './variations.ts';

export interface CaseRun {
  readonly findings: readonly Finding[];
  readonly worldCount: number;
  readonly stopped: boolean;
}

export function runCase(
  testCase: ConformanceCase,
  strategy: Strategy,
  backend: WorldBackend,
  regime: Regime,
  run: RunOptions,
  witnesses: Witnesses,
): CaseRun {
  const variations = variationsOf(testCase, backend, regime, strategy.capabilities);
  const findings: Finding[] = [];
  let stopped = false;
  for (const variation of variations) {
    const result = runHistory(strategy, variation.history, run);
    witnesses.add(result.witnesses);
    stopped ||= result.stopped;
    const { onRefusal } = variation.history.world;
    const place = { case: testCase.id, backend, regime, onRefusal, history: printHistory(variation.history) };
    for (const violation of result.violations) {
      const { invariant, reach } = violation;
      findings.push({ invariant, reach, ...place, seenIn: 'state', explanation: explain(violation, variation.history) });
    }
    const wrong = findWrongAnswer(testCase, variation, result);
    // An answer differs because an invariant fell; only an answer that differs alone is a finding of its own.
    if (wrong !== undefined && result.violations.length === 0) {
      findings.push({ invariant: testCase.about, reach: 'live', ...place, seenIn: 'answer', explanation: wrong });
    }
  }
  return { findings, worldCount: variations.length, stopped };
}

function findWrongAnswer(testCase: ConformanceCase, variation: Variation, result: RunResult): string | undefined {
  if (!variation.checksAnswers) return undefined;
  for (const [number, expected] of Object.entries(testCase.answers)) {
    const answer = result.steps[variation.leadCount + Number(number) - 1]?.answer;
    if (answer === expected) continue;
    return `Let operation ${number} of the case be done. Then it answers ${expected} (${testCase.fact}). However, it answers ${String(answer)}.`;
  }
  return undefined;
}
