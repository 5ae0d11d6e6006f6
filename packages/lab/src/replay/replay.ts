// SPDX-License-Identifier: MIT
import { eventText, explain, type History, printHistory, printOperation, runHistory } from '@sda-lab/conformance';
import type { Strategy } from '@sda-lab/guest-memory';
import { REPLAY_SCHEMA_ID, type ReplayDocument } from './replay-document.ts';

const UNDECIDED = 'an operation inside another one would have waited for a lock half done (nested, bound 1)';

/** One history under one strategy, step by step, as the document of `replay --json`. */
export function replay(
  strategy: Strategy,
  history: History,
  without: ReadonlySet<string> = new Set(),
): ReplayDocument {
  const { steps, violations, stopped, undecided, cost } = runHistory(strategy, history, { without, record: true });
  const { operations } = history;
  return {
    schema: REPLAY_SCHEMA_ID,
    strategy: strategy.id,
    without: [...without],
    history: printHistory(history),
    steps: operations.map((operation, at) => ({
      number: at + 1,
      operation: printOperation(operation),
      answer: steps[at]!.answer,
      events: steps[at]!.events.map((event) => ({ ...event, text: eventText(event) })),
    })),
    stopped,
    verdict: violations.length > 0 ? 'broken' : undecided || operations.length === 0 ? 'unknown' : 'holds',
    broken: violations.map((violation) => ({
      invariant: violation.invariant,
      reach: violation.reach,
      step: violation.operationIndex + 1,
      explanation: explain(violation, history),
    })),
    cost: { ...cost },
    ...(undecided && { ended: UNDECIDED }),
  };
}
