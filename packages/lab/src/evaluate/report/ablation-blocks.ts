// SPDX-License-Identifier: MIT
import type { Block } from '../../text/block.ts';
import type { EvaluationDocument } from '../evaluation-document.ts';

/** What each addition of the two designs is for. */
export function ablationBlocks({ ablation }: EvaluationDocument, detail: 'short' | 'whole'): Block[] {
  return [
    { kind: 'heading', level: 2, text: 'Ablation: each addition left out' },
    {
      kind: 'table',
      head: ['strategy', 'without', 'falls', 'shortest history'],
      rows: ablation.map(({ id, without, falls, history }) => [id, without, falls ?? 'nothing', history ?? '-']),
    },
    { kind: 'text', text: 'Found by cases and random histories; docs/exhaustion.md says which of them every history up to a bound decides.' },
    ...(detail === 'whole' ? [whatTheyDo(ablation)] : []),
  ];
}

function whatTheyDo(ablation: EvaluationDocument['ablation']): Block {
  return {
    kind: 'table',
    head: ['strategy', 'addition', 'what it does', 'guards', 'also falls', 'replay'],
    rows: ablation.map((row) => [
      row.id,
      row.without,
      row.what,
      row.guards,
      row.alsoFalls.join(', ') || '-',
      row.replay === null ? '-' : `\`${row.replay}\``,
    ]),
  };
}
