// SPDX-License-Identifier: MIT
/** The suite over a design of one's own, as a report; one that was ended early says what was known by then. */
import { CASES, type Cell, type ConformanceReport, type Finding } from '@sda-lab/conformance';
import type { Regime } from '@sda-lab/guest-memory';
import { UsageError } from '../usage-error.ts';
import type { Limits } from './limits.ts';
import { markUnsteady, type RunAgain } from './mark-unsteady.ts';
import type { ConformJob, Message } from './protocol.ts';
import { replayInWorker } from './replay-design.ts';
import { runApart } from './run-apart.ts';
import type { Ended } from './run-in-worker.ts';

export interface DesignReport {
  readonly title: string;
  readonly report: ConformanceReport;
  /** Undefined when the suite came to its end. */
  readonly ended: Ended | undefined;
}

/** What the Worker has told so far. */
interface Heard {
  loaded?: Extract<Message, { kind: 'loaded' }>;
  /** Over the cells so far; `isWhole` once it is over all of them. */
  report?: ConformanceReport;
  isWhole: boolean;
  /** Of the cell under way. */
  findings: Finding[];
  /** Why it cannot be run at all. */
  refused?: string;
  /** Why the suite itself failed. */
  failed?: string;
}

export interface DesignListener {
  readonly say: (text: string) => void;
  readonly show: (what: string) => void;
}

export async function conformDesign(job: ConformJob, limits: Limits, { say, show }: DesignListener): Promise<DesignReport> {
  const heard: Heard = { isWhole: false, findings: [] };
  const cellCount = job.backends.length * REGIMES.length;
  const ended = await runApart({ job, limits }, (message) => {
    hear(heard, message, say);
    if (message.kind === 'cell') show(`${job.name}: ${message.report.cells.length} of ${cellCount} cells`);
  });
  if (heard.refused !== undefined) throw new UsageError(heard.refused);
  if (heard.loaded === undefined) throw new UsageError(`${job.name} did not finish loading: ${ended?.reason ?? 'it says nothing'}`);
  const { title } = heard.loaded;
  const failure = { reason: `the suite failed beside it: ${heard.failed ?? ''}`, underWay: null };
  const report = heard.isWhole ? heard.report! : partialReport(job, heard, heard.loaded);
  const marked = await markUnsteady(report, againWithin(limits, job));
  return { title, report: marked, ended: heard.isWhole ? undefined : (ended ?? failure) };
}

/** All second runs together get the time that the suite had, so a design that stalls each does not take an age. */
function againWithin(limits: Limits, { file, name, taken, without }: ConformJob): RunAgain {
  const end = performance.now() + limits.seconds * 1000;
  return async (history) => {
    const seconds = (end - performance.now()) / 1000;
    if (seconds <= 0) return undefined;
    try {
      // What it prints it has printed before.
      return await replayInWorker({ kind: 'replay', file, name, taken, history, without }, { ...limits, seconds }, () => undefined);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      return { broken: [], ended: error.message };
    }
  };
}

function hear(heard: Heard, message: Message, say: (text: string) => void): void {
  switch (message.kind) {
    case 'said':
      return say(message.text);
    case 'refused':
      heard.refused = message.reason;
      return;
    case 'loaded':
      heard.loaded = message;
      return;
    case 'found':
      heard.findings = [...heard.findings.filter((finding) => !isSame(finding, message.finding)), message.finding];
      return;
    case 'cell':
    case 'reported':
      heard.report = message.report;
      heard.isWhole = message.kind === 'reported';
      heard.findings = [];
      return;
    case 'failed':
      heard.failed = message.reason;
      return;
    case 'replayed':
      return;
  }
}

/** A later finding of the same kind is a better one. */
function isSame(a: Finding, b: Finding): boolean {
  return a.invariant === b.invariant && a.reach === b.reach;
}

const REGIMES: readonly Regime[] = ['two-backend', 'in-place'];

/** Cells that are done, the one under way with what was found in it, and the rest, of which nothing is known. */
function partialReport({ backends }: ConformJob, { report, findings }: Heard, { id, regimes }: NonNullable<Heard['loaded']>): ConformanceReport {
  const done = report?.cells ?? [];
  const cells = backends
    .flatMap((backend) => REGIMES.map((regime) => ({ backend, regime })))
    .map((place, at): Cell => {
      const known = done[at];
      if (known !== undefined) return known;
      const broken = findings.filter(({ backend, regime }) => backend === place.backend && regime === place.regime);
      const outcome = broken.length > 0 ? 'broken' : regimes.includes(place.regime) ? 'unknown' : 'n-a';
      return { ...place, outcome, stops: false, broken, unwitnessed: [] };
    });
  const isBroken = cells.some(({ outcome }) => outcome === 'broken' || outcome === 'stops');
  return { ...(report ?? NOTHING_RUN), id, verdict: isBroken ? 'broken' : 'unknown', notApplicable: false, cells };
}

const NOTHING_RUN: Omit<ConformanceReport, 'id' | 'verdict' | 'notApplicable' | 'cells'> = {
  cases: { total: CASES.length, passed: 0, failed: 0, skipped: 0 },
  skippedCases: [],
  failedCases: [],
  worlds: 0,
  properties: { runs: 0, commands: 0 },
};
