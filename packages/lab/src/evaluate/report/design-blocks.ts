// SPDX-License-Identifier: MIT
import type { Block } from '../../text/block.ts';
import type { EvaluationDocument, EvaluationStrategy } from '../evaluation-document.ts';

/** What each design needs besides calls, side by side; the whole form says what each member and each change is. */
export function designBlocks({ strategies }: EvaluationDocument, detail: 'short' | 'whole'): Block[] {
  const examples = strategies[0]?.design.stateBits.examples ?? [];
  return [
    { kind: 'heading', level: 2, text: 'What a design needs besides calls' },
    {
      kind: 'table',
      head: [
        'strategy',
        'addi-\ntions',
        'their switches',
        'interface\nmembers',
        'new',
        'changed',
        'state bits per page',
        ...examples.map(({ containers, sections }) => `${containers} x ${sections}`),
        'existing users\nthat had to change',
      ],
      numeric: [1, 3, 4, 5, ...examples.map((_example, at) => 7 + at)],
      rows: strategies.map(rowOf),
    },
    { kind: 'text', text: NOTES.join('\n') },
    ...(detail === 'whole' ? [membersTable(strategies), usersTable(strategies)] : []),
  ];
}

const NOTES = [
  'Interface members: what other code calls, implements or provides; new and changed against RamDiscardManager of QEMU 10.2.',
  'Existing users: QEMU code that used RamDiscardManager before the design.',
  'State bits: as a formula, and in a guest of 1 container with 1 section and of 2 containers with 3 sections of a block each.',
];

function rowOf({ id, design }: EvaluationStrategy): string[] {
  return [
    id,
    String(design.additions.count),
    wrap(design.additions.switches.join(', ') || '-'),
    String(design.interface.count),
    String(design.interface.added.length),
    String(design.interface.changed.length),
    wrap(design.stateBits.formula),
    ...design.stateBits.examples.map(({ bits }) => String(bits)),
    design.changedUsers.map(({ file }) => file).join(',\n') || '-',
  ];
}

const CELL_WIDTH = 22;

/** Broken between words where narrow output needs it. */
function wrap(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= CELL_WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join('\n');
}

function membersTable(strategies: readonly EvaluationStrategy[]): Block {
  return {
    kind: 'table',
    head: ['strategy', 'new members', 'changed members', 'read in'],
    rows: strategies
      .filter(({ design }) => design.interface.count > 0)
      .map(({ id, design }) => [
        id,
        design.interface.added.join(', ') || '-',
        design.interface.changed.join(', ') || '-',
        design.source,
      ]),
  };
}

function usersTable(strategies: readonly EvaluationStrategy[]): Block {
  return {
    kind: 'table',
    head: ['strategy', 'user of RamDiscardManager', 'what had to change'],
    rows: strategies.flatMap(({ id, design }) => design.changedUsers.map(({ file, change }) => [id, file, change])),
  };
}
