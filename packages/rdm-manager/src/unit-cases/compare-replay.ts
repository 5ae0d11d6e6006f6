// SPDX-License-Identifier: MIT
import type { Status } from '@sda-lab/guest-memory';
import type { MultiSourceManager } from '../multi-source/multi-source-manager.ts';
import { agrees, type Differences } from './difference.ts';
import type { Step } from './unit-case.ts';

/** What a callback that `failAt` makes fail answers where the step names no status. */
const CALLBACK_FAILURE: Status = -1;

/**
 * Walks, with a callback that fails at the run `failAt` names, and compares the runs, their bytes and the answer. The
 * run the callback refused may be listed and counted or not.
 */
export function compareReplay(
  step: Step<'replayPopulated' | 'replayDiscarded'>,
  manager: MultiSourceManager,
  differences: Differences,
): void {
  const runs: [number, number][] = [];
  const failure = step.status === undefined || step.status === 0 ? CALLBACK_FAILURE : step.status;
  const emit = (first: number, end: number): Status => {
    runs.push([first, end - first]);
    return runs.length === step.failAt ? failure : 0;
  };
  const end = step.offset + step.size;
  const status =
    step.op === 'replayPopulated'
      ? manager.replayPopulated(step.offset, end, emit)
      : manager.replayDiscarded(step.offset, end, emit);
  const accepted = runs.length === step.failAt ? runs.slice(0, -1) : runs;
  if (!agrees(step.expect ?? null, accepted)) differences.compare('runs', step.expect, runs);
  if (step.totalBytes !== bytesOf(accepted)) differences.compare('totalBytes', step.totalBytes, bytesOf(runs));
  differences.compare('status', step.status, status);
}

function bytesOf(runs: readonly (readonly [number, number])[]): number {
  return runs.reduce((sum, [, size]) => sum + size, 0);
}
