// SPDX-License-Identifier: MIT
/** A thread that runs one job and tells its result, or what went wrong. */
import { parentPort, workerData } from 'node:worker_threads';
import { UsageError } from '../usage-error.ts';
import { runHere } from './run-here.ts';
import type { ThreadData, ThreadMessage } from './run-in-threads.ts';

const port = parentPort!;
const tell = (message: ThreadMessage): void => port.postMessage(message);

async function work({ job, stop }: ThreadData): Promise<void> {
  try {
    const [result] = await runHere([job], {
      isStopped: () => Atomics.load(stop, 0) !== 0,
      onProgress: (_job, progress, seconds) => tell({ kind: 'progress', progress, seconds }),
    });
    tell({ kind: 'result', result: result! });
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    tell({ kind: 'failed', wrongUse: error instanceof UsageError ? error.message : undefined, text });
  }
}

void work(workerData as ThreadData);
