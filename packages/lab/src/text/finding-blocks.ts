// SPDX-License-Identifier: MIT
import type { FindingDocument } from '../finding-document.ts';
import type { Block } from './block.ts';
import { reachText } from './reach-text.ts';

/** One finding for people: what fell, where, what that rests on, why, and the line that shows it again. */
export function findingBlocks(finding: FindingDocument, where: string): Block[] {
  const { invariant, basis, source, note, explanation, seenIn } = finding;
  const rests = basis === 'derived' ? 'predicted, unconfirmed' : basis;
  const basisText = source === null ? `${rests}; no expectation names it` : `${rests}: ${source}`;
  const answer = seenIn === 'answer' ? ' A replay shows the answer; the state itself is right.' : '';
  return [
    { kind: 'heading', level: 3, text: `${invariant}: ${reachText(finding)} on ${where}` },
    { kind: 'text', text: `Case ${finding.case}. Basis: ${basisText}.${note === null ? '' : ` ${note}`}\n${explanation}${answer}` },
    { kind: 'code', lines: [finding.history, finding.replay] },
  ];
}
