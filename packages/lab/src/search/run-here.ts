// SPDX-License-Identifier: MIT
/**
 * Runs jobs one after the other in this thread, in slices, so that a signal is heard and the screen is kept up in between.
 */
import type { SearchProgress } from '@sda-lab/conformance';
import { setImmediate } from 'node:timers/promises';
import { type JobResult, type RunningJob, startJob } from './job.ts';
import type { SearchJob } from './search-request.ts';

/** How long nothing else is heard. */
const SLICE_MILLISECONDS = 50;
const STATES_PER_LOOK = 64;

export interface Watch {
  /** Whether somebody wants it to end now. */
  readonly isStopped: () => boolean;
  /** `seconds` since the job began. */
  readonly onProgress: (job: SearchJob, progress: SearchProgress, seconds: number) => void;
}

export interface TimedResult extends JobResult {
  readonly job: SearchJob;
  readonly seconds: number;
}

export async function runHere(jobs: readonly SearchJob[], watch: Watch): Promise<TimedResult[]> {
  const results: TimedResult[] = [];
  for (const job of jobs) {
    const start = performance.now();
    const secondsSinceStart = (): number => (performance.now() - start) / 1000;
    const running = startJob(job);
    const tell = (): void => watch.onProgress(job, running.search.progress, secondsSinceStart());
    tell();
    while (!watch.isStopped() && runSlice(running)) {
      tell();
      await setImmediate();
    }
    const seconds = secondsSinceStart();
    results.push({ job, seconds, ...running.finish() });
  }
  return results;
}

/** False when the search is over. */
function runSlice({ search }: RunningJob): boolean {
  const end = performance.now() + SLICE_MILLISECONDS;
  do if (!search.advance(STATES_PER_LOOK)) return false;
  while (performance.now() < end);
  return true;
}
