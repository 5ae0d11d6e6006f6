// SPDX-License-Identifier: MIT
import type { Strategy } from '@sda-lab/guest-memory';
import type { History } from '../history/history.ts';
import type { Violation } from '../judge/violation.ts';
import { runHistory, type RunOptions } from '../run-history.ts';
import { shortenHistory } from './shorten-history.ts';

/** A report is read by people: a finding's history has at most this many operations. */
export const MAX_REPORTED_OPERATIONS = 12;

/**
 * The history a finding is reported with, and the violation as it shows there: the one it was found in, or where that
 * is longer than `longest`, what is left when every operation the violation does not need is gone.
 */
export function reportedHistory(
  strategy: Strategy,
  history: History,
  violation: Violation,
  options: RunOptions,
  longest: number = MAX_REPORTED_OPERATIONS,
): { readonly history: History; readonly violation: Violation } {
  if (history.operations.length <= longest) return { history, violation };
  const shorter = shortenHistory(strategy, history, options, violation.invariant);
  const found = runHistory(strategy, shorter, options).violations.find(({ invariant }) => invariant === violation.invariant);
  // A design that keeps state outside its instance, or uses chance, may not show it again.
  return found === undefined ? { history, violation } : { history: shorter, violation: found };
}
