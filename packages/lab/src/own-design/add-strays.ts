// SPDX-License-Identifier: MIT
/** Errors thrown outside of every call, as findings: `nonfatal` is broken where each was set off. */
import type { ConformanceReport, Finding } from '@sda-lab/conformance';
import type { ReplayDocument } from '../replay/replay-document.ts';
import type { Stray } from './stray-errors.ts';

/** `last` is the history that was run last: all there is to show for an error that belongs to none. */
export function addStrays(report: ConformanceReport, strays: readonly Stray[], last: string): ConformanceReport {
  if (strays.length === 0) return report;
  const offered = report.cells.findLastIndex(({ outcome }) => outcome !== 'n-a');
  const cells = report.cells.map((cell, at) => {
    const stray = strays.find(({ place }) => (place?.cell ?? Math.max(0, offered)) === at);
    if (stray === undefined || cell.broken.some(({ invariant, reach }) => invariant === 'nonfatal' && reach === 'live')) return cell;
    const finding: Finding = {
      invariant: 'nonfatal',
      reach: 'live',
      case: 'outside of any call',
      backend: cell.backend,
      regime: cell.regime,
      seenIn: 'state',
      onRefusal: 'stop',
      history: stray.place?.history ?? last,
      explanation: explainStray(stray),
    };
    return { ...cell, outcome: 'broken' as const, broken: [...cell.broken, finding] };
  });
  return { ...report, verdict: 'broken', notApplicable: false, cells };
}

export function addStraysToReplay(document: ReplayDocument, strays: readonly Stray[]): ReplayDocument {
  const broken = strays.map((stray) => {
    const step = document.steps.length + 1;
    return { invariant: 'nonfatal' as const, reach: 'live' as const, step, explanation: explainStray(stray) };
  });
  return broken.length === 0 ? document : { ...document, verdict: 'broken', broken: [...document.broken, ...broken] };
}

function explainStray({ error, place }: Stray): string {
  const where = place === undefined ? ' It is not known which history set it off; this one was the last.' : '';
  return (
    'Let the history be over, and what was put off (promises, microtasks, timers) be done. Then the VMM must live on. ' +
    `However, an error outside of any call ends it: ${error}.${where}`
  );
}
