// SPDX-License-Identifier: MIT
import { checkKernelTable } from '../../check-kernel/check-kernel-blocks.ts';
import type { Block } from '../../text/block.ts';
import type { EvaluationDocument } from '../evaluation-document.ts';

/** What real devices read, and that the model's read the same. */
export function recordingBlocks({ recordings }: EvaluationDocument): Block[] {
  const { files, operations, mismatches, steps } = recordings;
  return [
    { kind: 'heading', level: 2, text: 'Real kernels and a real device: the stale sequence' },
    ...steps.flatMap(({ files: names, steps: rows }): Block[] => [
      { kind: 'text', text: `Section S1 of ${names.join(', ')}:` },
      {
        kind: 'table',
        head: ['line', 'step', 'real', 'model', 'same', 'what it shows'],
        numeric: [0],
        rows: rows.map((row) => [String(row.line), row.what, row.real, row.model, row.isSame ? 'yes' : 'no', row.shows]),
      },
    ]),
    { kind: 'text', text: 'All sections:' },
    checkKernelTable(files),
    { kind: 'text', text: `${operations} operations compared, ${mismatches} mismatches.` },
  ];
}
