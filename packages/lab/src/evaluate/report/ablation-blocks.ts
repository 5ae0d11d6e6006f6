// SPDX-License-Identifier: MIT
import type { Block } from '../../text/block.ts';
import type { EvaluationDocument } from '../evaluation-document.ts';

/** What each addition of the two designs is for. */
export function ablationBlocks({ ablation, strategies }: EvaluationDocument, detail: 'short' | 'whole'): Block[] {
  const built = strategies.filter(({ design }) => design.additions > 0);
  return [
    { kind: 'heading', level: 2, text: 'Ablation: each addition left out' },
    {
      kind: 'table',
      head: ['strategy', 'without', 'falls', 'shortest history'],
      rows: ablation.map(({ id, without, falls, history }) => [id, without, falls ?? 'nothing', history ?? '-']),
    },
    ...(detail === 'whole' ? [whatTheyDo(ablation)] : []),
    { kind: 'heading', level: 2, text: 'What a design costs besides calls' },
    {
      kind: 'table',
      head: ['strategy', 'additions', 'state bits per page', 'members of its\ninterface', 'existing users that change'],
      numeric: [1, 3],
      rows: built.map(({ id, design }) => [
        id,
        String(design.additions),
        design.stateBitsPerPage,
        String(design.interfaceMembers),
        design.changedUsers.join(', '),
      ]),
    },
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
