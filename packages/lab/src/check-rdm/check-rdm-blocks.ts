// SPDX-License-Identifier: MIT
import type { Block } from '../text/block.ts';
import type { CheckRdmDocument } from './check-rdm-document.ts';

/** What `check rdm` prints for people. */
export function checkRdmBlocks({ files, cases, operations, mismatches }: CheckRdmDocument): Block[] {
  return [
    {
      kind: 'table',
      head: ['file', 'cases', 'operations', 'mismatches'],
      numeric: [1, 2, 3],
      rows: files.map((one) => [one.file, String(one.cases), String(one.operations), String(one.mismatches)]),
    },
    ...files.flatMap(({ file, first }) =>
      first.map(({ case: id, line, op, expected, got, before }): Block => {
        const lines = [...before, `line ${line}, ${op}: expected ${text(expected)}, got ${text(got)}`];
        return { kind: 'text', text: `${file}, case ${id}\n${lines.map((one) => `  ${one}`).join('\n')}` };
      }),
    ),
    { kind: 'text', text: `${cases} cases, ${operations} operations, ${mismatches} mismatches.` },
  ];
}

function text(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(' ');
}
