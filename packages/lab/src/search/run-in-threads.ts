// SPDX-License-Identifier: MIT
/** Runs jobs in Workers, so many at a time. Results come in the order of the jobs. */
import type { SearchProgress } from '@sda-lab/conformance';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { UsageError } from '../usage-error.ts';
import type { TimedResult, Watch } from './run-here.ts';
import type { SearchJob } from './search-request.ts';

export interface ThreadData {
  readonly job: SearchJob;
  /** One number: not 0 once all shall end. */
  readonly stop: Int32Array<SharedArrayBuffer>;
}

export type ThreadMessage =
  | { readonly kind: 'progress'; readonly progress: SearchProgress; readonly seconds: number }
  | { readonly kind: 'result'; readonly result: TimedResult }
  | { readonly kind: 'failed'; readonly wrongUse: string | undefined; readonly text: string };

const LOOK_MILLISECONDS = 50;

export async function runInThreads(jobs: readonly SearchJob[], threadCount: number, watch: Watch): Promise<TimedResult[]> {
  const stop = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const look = setInterval(() => {
    if (watch.isStopped()) Atomics.store(stop, 0, 1);
  }, LOOK_MILLISECONDS);
  const results: TimedResult[] = [];
  const waiting = [...jobs.entries()];
  const takeJobs = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [at, job] = next;
      results[at] = await runThread({ job, stop }, watch);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(threadCount, jobs.length) }, takeJobs));
  } finally {
    // When one failed, the others need not go on either.
    Atomics.store(stop, 0, 1);
    clearInterval(look);
  }
  return results;
}

function runThread(data: ThreadData, { onProgress }: Watch): Promise<TimedResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(workerFile(), { workerData: data });
    worker.on('message', (message: ThreadMessage) => {
      if (message.kind === 'progress') onProgress(data.job, message.progress, message.seconds);
      else if (message.kind === 'result') resolve(message.result);
      else reject(message.wrongUse === undefined ? new Error(`a search failed: ${message.text}`) : new UsageError(message.wrongUse));
    });
    worker.on('error', reject);
    worker.on('exit', () => reject(new Error('a thread of the search ended before its result')));
  });
}

/** Beside this file, and of its kind: built, or as the sources are where Node runs them. */
function workerFile(): string {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`./worker.${ending}`, import.meta.url));
}
