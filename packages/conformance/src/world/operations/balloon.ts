// SPDX-License-Identifier: MIT
import { blockPageOf } from '../layout.ts';
import type { Machine } from '../machine.ts';
import type { Answer } from './answer.ts';

/** virtio-balloon inflates: it discards directly and asks the coordination counts only. */
export function balloon(machine: Machine, page: number, count: number): Answer {
  const { judge, layout, memory } = machine;
  judge.witnesses.see('coordinated');
  if (memory.coordination.isDisabled) return 'inhibited';
  const run = { first: page, end: page + count };
  machine.begin('other', [run]);
  if (machine.containers.some(({ attached }) => attached)) {
    judge.report('coordinated', { reason: 'uncoordinated-discard', position: page, detail: 'the balloon' });
  }
  for (const part of machine.partsOf(run)) {
    const span = layout.spanAt(part.first);
    const firstPage = blockPageOf(span, part.first);
    const range = { block: span.section.block, firstPage, endPage: firstPage + part.end - part.first };
    memory.discard(range, 'shared');
    if (machine.spec.regime === 'two-backend') memory.discard(range, 'private');
  }
  judge.end('succeeded');
  return '0';
}
