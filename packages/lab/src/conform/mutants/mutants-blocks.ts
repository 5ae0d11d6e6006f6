// SPDX-License-Identifier: MIT
import type { Block } from '../../text/block.ts';
import type { MutantDocument, MutantsDocument } from './mutants-document.ts';

/** One line is told in full; of many, the table is what people read. */
const FEW = 5;

/** What `conform --mutants` prints for people. */
export function mutantsBlocks({ mutants: { total, killed, equivalent, survivors, list } }: MutantsDocument): Block[] {
  return [
    {
      kind: 'table',
      head: ['mutant', 'where', 'breaks', 'status', 'found by'],
      rows: list.map(({ id, where, breaks, status, killedBy }) => [id, where, breaks, status, killedBy ?? '']),
    },
    ...(list.length <= FEW ? list : list.filter(({ status }) => status !== 'killed')).flatMap(details),
    { kind: 'text', text: `${total} mutants: ${killed} killed, ${equivalent} equivalent, ${survivors.length} survivors.` },
  ];
}

function details({ id, what, source, carrier, status, explanation, history, proof }: MutantDocument): Block[] {
  const text = `${what}; in ${carrier}.\nSource: ${source}.\n${explanation ?? proof ?? 'Nothing in the suite finds it.'}`;
  const blocks: Block[] = [
    { kind: 'heading', level: 3, text: `${id}: ${status}` },
    { kind: 'text', text },
  ];
  return history === undefined ? blocks : [...blocks, { kind: 'code', lines: [history] }];
}
