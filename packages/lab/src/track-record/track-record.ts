// SPDX-License-Identifier: MIT
/**
 * docs/track-record.md: mistakes that were really made, and the case that finds each. Every row is found again, on the
 * strategy that has the mistake, when the file is held against this function; nobody writes it by hand.
 */
import { CASES, type Finding, runConformance } from '@sda-lab/conformance';
import { replayLine } from '../replay-line.ts';
import { STRATEGIES } from '../strategies.ts';
import type { Block } from '../text/block.ts';
import { toMarkdown } from '../text/to-markdown.ts';
import type { Defect } from './defect.ts';

const HEAD = `Each row is a mistake that was made, posted or found by reading the sources, the strategy that models it, and the case that finds it.
The number names its line under "To see each". *reach* is \`latent\` where the VMM of that version stops the VM, or blocks
the feature, before it matters. *basis* says what the row rests on: \`observed\` on a real system, \`source\` read, \`list\`
posted, \`derived\` by this lab and confirmed by nobody yet.`;

/** The finding behind a row; throws when the case does not find it, so that no row can stand unfound. */
export function findDefect(defect: Defect): Finding {
  const strategy = STRATEGIES.find(({ id }) => id === defect.strategy);
  if (strategy === undefined) throw new Error(`track record: no strategy '${defect.strategy}'`);
  const cases = CASES.filter(({ id }) => id === defect.case);
  const { cells } = runConformance(strategy, { backends: [defect.backend ?? 'type1v2'], cases, runs: 0 });
  const found = cells
    .flatMap(({ broken }) => broken)
    .find(({ invariant, reach }) => invariant === defect.invariant && reach === defect.reach);
  if (found === undefined) {
    throw new Error(`track record: ${defect.case} on ${defect.strategy} finds no ${defect.reach} ${defect.invariant}`);
  }
  return found;
}

export function trackRecord(defects: readonly Defect[]): string {
  const table: Block = {
    kind: 'table',
    head: ['defect', 'where', 'strategy', 'invariant', 'basis', 'reach', 'case', 'number'],
    rows: defects.map((defect, at) => rowOf(defect, at)),
  };
  return toMarkdown([
    { kind: 'heading', level: 1, text: 'Track record' },
    { kind: 'text', text: HEAD },
    table,
    { kind: 'heading', level: 2, text: 'To see each' },
    { kind: 'text', text: 'Each line prints the history step by step and exits with 1.' },
    { kind: 'code', lines: defects.map((defect, at) => `${replayLine(findDefect(defect).history, defect.strategy)} # ${at + 1}`) },
  ]);
}

function rowOf(defect: Defect, at: number): string[] {
  const { reach, strategy, invariant, basis } = defect;
  const needsRetry = findDefect(defect).onRefusal === 'retry' && reach === 'live';
  const how = needsRetry ? 'live once refusals reach the guest' : reach;
  return [defect.defect, defect.upstream, strategy, invariant, basis, how, defect.case, `${at + 1}`];
}
