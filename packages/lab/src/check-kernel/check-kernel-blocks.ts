// SPDX-License-Identifier: MIT
import type { Block } from '../text/block.ts';
import type { CheckKernelDocument } from './check-kernel-document.ts';

/** What `check kernel` prints for people. */
export function checkKernelBlocks({ files, operations, mismatches }: CheckKernelDocument): Block[] {
  return [
    checkKernelTable(files),
    ...files.flatMap(({ file, first }) =>
      first.map(({ line, op, expected, got, before }): Block => {
        const lines = [...before, `line ${line}, ${op}: the kernel ${text(expected)}, the model ${text(got)}`];
        return { kind: 'text', text: `${file}\n${lines.map((one) => `  ${one}`).join('\n')}` };
      }),
    ),
    { kind: 'text', text: `${operations} operations compared, ${mismatches} mismatches.` },
  ];
}

/** One row per recording. */
export function checkKernelTable(files: CheckKernelDocument['files']): Block {
  return {
    kind: 'table',
    head: ['recording', 'kernel', 'operations', 'mismatches'],
    numeric: [2, 3],
    rows: files.map((one) => [one.file, one.kernel, String(one.operations), String(one.mismatches)]),
  };
}

function text(answer: Readonly<Record<string, unknown>>): string {
  return Object.entries(answer)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value, bigintText)}`)
    .join(' ');
}

function bigintText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
