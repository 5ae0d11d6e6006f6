// SPDX-License-Identifier: MIT
/**
 * virtio-balloon: the guest gives pages away, and the VMM discards both of their sides.
 *
 * "Discarded" means to it: its own doing. It asks no design and tells none, whatever is mapped: all it looks at is
 * whether somebody disabled discarding, and then it skips silently and the data stays. So a page that is inflated loses
 * its content, the guest reads zeros afterwards, and a design's state does not change. A device that came without
 * disabling would be left on the old frame.
 *
 * Source: QEMU 10.2.2 hw/virtio/virtio-balloon.c; QEMU 11.1.3 with a VFIO device (skipped) and without (madvise and a
 * punch of guest_memfd, no notification). Not covered: deflating, free page hinting, statistics, pages of 4 KiB collected
 * for a larger host page.
 */
import { blockPageOf } from '../layout.ts';
import type { Machine } from '../machine.ts';
import type { Answer } from './answer.ts';

export function balloon(machine: Machine, page: number, count: number): Answer {
  const { judge, layout, memory, migration } = machine;
  judge.witnesses.see('coordinated');
  if (holdsData(machine, page, page + count)) judge.witnesses.see('consumer balloon');
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
  migration.noteGivenAway(run.first, run.end);
  judge.end('succeeded');
  return '0';
}

/** Whether one of the pages has something to lose. */
function holdsData({ layout, memory }: Machine, first: number, end: number): boolean {
  for (let position = first; position < end; position += 1) {
    const span = layout.spanAt(position);
    const page = blockPageOf(span, position);
    const frame = memory.backing(span.section.block, page, memory.sideAt(span.section, page));
    if (frame !== 0 && memory.frames.read(frame) !== 0) return true;
  }
  return false;
}
