// SPDX-License-Identifier: MIT
/**
 * Says so where a finding's history does not show it again; the design is then not a function of what happens to it.
 * Each history is run as the printed `replay` line runs it, in a process that has loaded the design anew: in the one
 * that found it, whatever the design remembers between worlds is there still.
 */
import type { ConformanceReport, Finding } from '@sda-lab/conformance';
import type { ReplayDocument } from '../replay/replay-document.ts';

const UNSTEADY =
  ' A second run of this history did not show it: the design keeps state outside of what create() answers, or uses chance.';
const NOT_RUN = ' There was no time left for a second run of this history, so it may not show again.';

/** A run of the history in a fresh process; undefined when there was no time for it. */
export type RunAgain = (history: string) => Promise<Pick<ReplayDocument, 'broken' | 'ended'> | undefined>;

const AT_ONCE = 2;

export async function markUnsteady(report: ConformanceReport, runAgain: RunAgain): Promise<ConformanceReport> {
  const findings = report.cells.flatMap(({ broken }) => broken).filter(isToShowAgain);
  const again = await runAll([...new Set(findings.map(({ history }) => history))], runAgain);
  const mark = (finding: Finding): Finding => {
    if (!isToShowAgain(finding)) return finding;
    const note = noteOn(finding, again.get(finding.history));
    return note === '' ? finding : { ...finding, explanation: `${finding.explanation}${note}` };
  };
  return { ...report, cells: report.cells.map((cell) => ({ ...cell, broken: cell.broken.map(mark) })) };
}

/** An answer that its case did not expect is no matter of invariants; a replay shows the answer. */
function isToShowAgain({ seenIn }: Finding): boolean {
  return seenIn !== 'answer';
}

function noteOn({ invariant }: Finding, again: Awaited<ReturnType<RunAgain>>): string {
  if (again?.broken.some((one) => one.invariant === invariant) === true) return '';
  return again === undefined || again.ended !== undefined ? NOT_RUN : UNSTEADY;
}

async function runAll(histories: readonly string[], runAgain: RunAgain): Promise<Map<string, Awaited<ReturnType<RunAgain>>>> {
  const left = [...histories];
  const results = new Map<string, Awaited<ReturnType<RunAgain>>>();
  const work = async (): Promise<void> => {
    for (let history = left.shift(); history !== undefined; history = left.shift()) results.set(history, await runAgain(history));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
}
