// SPDX-License-Identifier: MIT
/**
 * The waiting thread: starts a Worker, hands its messages on, and ends it when it is done, when time or memory is up,
 * or when it is gone. Always ends with an answer, unless the whole process dies (run-apart.ts waits for that). Imports
 * nothing but Node, since the process it is for should be there at once.
 */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Message, Order, WorkerData } from './protocol.ts';
import { READY } from './ready.ts';
import { createUnderWay } from './under-way.ts';

/** Why the Worker was ended, or ended itself, before its last message. */
export interface Ended {
  readonly reason: string;
  /** The history it worked on, in text form; null before the first one. */
  readonly underWay: string | null;
}

export interface WorkerListener {
  /** What the Worker sent, unchecked. */
  readonly onMessage: (message: unknown) => void;
  /** Now and then, with the history under way: what is left to tell when the process dies. */
  readonly onUnderWay: (line: string) => void;
}

const MIB = 1 << 20;
/** Compiled code, young objects and buffers of a Worker that keeps to its heap stay below this. */
const BESIDE_HEAP_MIB = 256;
const LOOK_MILLISECONDS = 100;
const LAST: ReadonlySet<unknown> = new Set<Message['kind']>(['refused', 'reported', 'replayed', 'failed']);

/** Resolves with undefined after the Worker's last message, else with why it was ended; the thread may still be there. */
export function runInWorker({ job, limits }: Order, { onMessage, onUnderWay }: WorkerListener): Promise<Ended | undefined> {
  const underWay = createUnderWay();
  const workerData: WorkerData = { job, underWay: underWay.buffer };
  const resourceLimits = { maxOldGenerationSizeMb: limits.heapMiB };
  const worker = new Worker(workerFile(), { workerData, resourceLimits, stdout: true, stderr: true });
  for (const stream of [worker.stdout, worker.stderr]) stream.on('data', (chunk) => onMessage({ kind: 'said', text: String(chunk) }));
  return new Promise((resolve) => {
    let isOver = false;
    const finish = (reason?: string): void => {
      // Ending the thread makes it report its end; the first reason is the one.
      if (isOver) return;
      isOver = true;
      clearTimeout(clock);
      clearInterval(look);
      resolve(reason === undefined ? undefined : { reason, underWay: underWay.read() || null });
      void worker.terminate();
    };
    let clock: NodeJS.Timeout | undefined;
    const growthMiB = 2 * limits.heapMiB + BESIDE_HEAP_MIB;
    const isTooLarge = memoryLimit(growthMiB);
    const look = setInterval(() => {
      onUnderWay(underWay.read());
      if (isTooLarge()) finish(`it used more than ${growthMiB} MiB of memory`);
    }, LOOK_MILLISECONDS);
    worker.on('message', (message: unknown) => {
      const kind = kindOf(message);
      // What comes before is the lab's own time, not the design's.
      if (kind === READY) clock ??= setTimeout(() => finish(`no answer within ${limits.seconds} s`), limits.seconds * 1000);
      else onMessage(message);
      if (LAST.has(kind)) finish();
    });
    worker.on('error', (error: NodeJS.ErrnoException) => finish(errorText(error, limits.heapMiB)));
    worker.on('exit', () => finish('the thread it ran in ended'));
  });
}

/** Beside this file, and of its kind: built, or as the sources are where Node runs them. */
function workerFile(): string {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`./worker.${ending}`, import.meta.url));
}

/** A Worker's limit is on its heap; what typed arrays hold lies outside and shows in the process alone. */
function memoryLimit(growthMiB: number): () => boolean {
  const atStart = process.memoryUsage.rss();
  return () => process.memoryUsage.rss() - atStart > growthMiB * MIB;
}

function errorText(error: NodeJS.ErrnoException, heapMiB: number): string {
  if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') return `it used up its heap of ${heapMiB} MiB`;
  return `it threw outside of any call: ${error.name}: ${error.message}`;
}

function kindOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'kind' in message ? message.kind : undefined;
}
