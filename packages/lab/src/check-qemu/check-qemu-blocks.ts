// SPDX-License-Identifier: MIT
import type { Block } from '../text/block.ts';
import type { CheckQemuDocument } from './check-qemu-document.ts';

/** What `check qemu` prints for people. */
export function checkQemuBlocks({ files, requests, messages, mismatches }: CheckQemuDocument): Block[] {
  return [
    {
      kind: 'table',
      head: ['recording', 'requests', 'messages', 'mismatches', 'left out'],
      numeric: [1, 2, 3],
      rows: files.map((one) => {
        return [one.file, String(one.requests), String(one.messages), String(one.mismatches), leftOutText(one)];
      }),
    },
    ...files.flatMap(({ file, first }) =>
      first.map(({ line, request, expected, got }): Block => {
        return { kind: 'text', text: `${file}\n  line ${line}, ${request}\n  QEMU:  ${expected}\n  model: ${got}` };
      }),
    ),
    { kind: 'text', text: `${requests} requests compared, ${messages} messages, ${mismatches} mismatches.` },
  ];
}

function leftOutText({ leftOut, skipped }: CheckQemuDocument['files'][number]): string {
  if (skipped !== undefined) return `all: ${skipped}`;
  return Object.entries(leftOut)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ');
}
