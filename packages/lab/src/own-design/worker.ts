// SPDX-License-Identifier: MIT
/**
 * The Worker's side: makes its thread safe, loads the design, does one job and tells how it goes. Whatever the design
 * does here ends at most this thread; the one that waits (run-in-worker.ts) has the clock.
 */
import { parseHistory, printHistory, runConformance, thrownText } from '@sda-lab/conformance';
import type { Strategy } from '@sda-lab/guest-memory';
import { parentPort, workerData } from 'node:worker_threads';
import { checkSwitches } from '../command-line/check-switches.ts';
import { checkRegime } from '../replay/check-regime.ts';
import { replay } from '../replay/replay.ts';
import { UsageError } from '../usage-error.ts';
import { addStrays, addStraysToReplay } from './add-strays.ts';
import { redirectConsole } from './console-of-design.ts';
import { hardenRealm, refuseToExit } from './harden.ts';
import { loadDesign } from './load-design.ts';
import { READY } from './ready.ts';
import type { ConformJob, Job, Message, ReplayJob, WorkerData } from './protocol.ts';
import { catchStrayErrors, type Stray, type StrayErrors } from './stray-errors.ts';
import { createUnderWay, type UnderWay } from './under-way.ts';

const port = parentPort!;
const tell = (message: Message): void => port.postMessage(message);

async function work({ job, underWay }: WorkerData): Promise<void> {
  redirectConsole((text) => tell({ kind: 'said', text }));
  refuseToExit();
  const strays = catchStrayErrors();
  hardenRealm();
  port.postMessage({ kind: READY });
  const strategy = await load(job, strays);
  if (strategy === undefined) return;
  const { id, title, capabilities } = strategy;
  tell({ kind: 'loaded', id, title, regimes: [...capabilities.regimes] });
  try {
    const note = createUnderWay(underWay);
    if (job.kind === 'conform') await conform(job, strategy, note, strays);
    else await replayOne(job, strategy, note, strays);
  } catch (error) {
    tell({ kind: 'failed', reason: thrownText(error) });
  }
}

async function load(job: Job, strays: StrayErrors): Promise<Strategy | undefined> {
  try {
    const strategy = await loadDesign(job, job.taken);
    const [stray] = await strays.settle();
    if (stray !== undefined) throw new UsageError(strayRefusal(job, stray));
    checkSwitches([strategy], job.without);
    if (job.kind === 'replay') checkRegime(strategy, parseHistory(job.history));
    return strategy;
  } catch (error) {
    tell({ kind: 'refused', reason: error instanceof UsageError ? error.message : `${job.name}: ${thrownText(error)}` });
    return undefined;
  }
}

function strayRefusal({ name }: Job, { error }: Stray): string {
  return `${name} cannot be loaded: it throws outside of any call: ${error}`;
}

async function conform({ backends, runs, seed, ...job }: ConformJob, strategy: Strategy, underWay: UnderWay, strays: StrayErrors): Promise<void> {
  let cell = 0;
  const without = new Set(job.without);
  const report = runConformance(strategy, {
    backends,
    runs,
    seed,
    without,
    onHistory: (history) => {
      const line = printHistory(history);
      underWay.note(line);
      strays.enter({ cell, history: line });
    },
    onFinding: (finding) => tell({ kind: 'found', finding }),
    onCell: (soFar) => {
      cell = soFar.cells.length;
      tell({ kind: 'cell', report: soFar });
    },
  });
  tell({ kind: 'reported', report: addStrays(report, await strays.settle(), underWay.read()) });
}

async function replayOne({ history, without }: ReplayJob, strategy: Strategy, underWay: UnderWay, strays: StrayErrors): Promise<void> {
  underWay.note(history);
  strays.enter({ cell: 0, history });
  const document = replay(strategy, parseHistory(history), new Set(without));
  tell({ kind: 'replayed', document: addStraysToReplay(document, await strays.settle()) });
}

void work(workerData as WorkerData);
