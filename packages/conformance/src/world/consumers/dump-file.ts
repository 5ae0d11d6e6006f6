// SPDX-License-Identifier: MIT
/**
 * dump-guest-memory: the file a debugger will read, by guest address.
 *
 * "Discarded" means to it: nothing there, no entry in the file. It expects `runs(block, 'dump')` to show every page the
 * guest has; one shown as private is read through the TEE's export. Runs must come in ascending guest addresses: QEMU
 * asserts that, and a design that hands them out without their addresses aborts the VMM.
 *
 * Source: QEMU 10.2.2 system/memory_mapping.c, guest_phys_blocks_region_add and guest_phys_block_add_section.
 * Not covered: ELF and kdump layouts, paging mode, filters; the ROM.
 */
import { gfnOf } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { copyOf, type PageCopy } from './page-copy.ts';
import { forEachShown } from './shown-runs.ts';

export interface DumpFile {
  readonly copies: ReadonlyMap<number, PageCopy>;
  /** Why the VMM aborted instead; undefined when the file was written. */
  readonly aborted: string | undefined;
}

export function writeDump(machine: Machine): DumpFile {
  const { layout, memory, instance } = machine;
  const copies = new Map<number, PageCopy>();
  let endGfn = 0;
  let aborted: string | undefined;
  for (const span of machine.guestSpans) {
    const window = { first: span.firstPosition, end: span.endPosition };
    forEachShown(instance, span, 'dump', window, ({ first, end, side, firstGfn }) => {
      if (firstGfn < endGfn) {
        aborted ??= `dump: guest addresses must ascend, and 0x${firstGfn.toString(16)} follows 0x${endGfn.toString(16)}`;
      }
      endGfn = firstGfn + end - first;
      layout.forEachRunOfGfns(firstGfn, endGfn, (at, from, to) => {
        for (let position = from; position < to; position += 1) {
          copies.set(position, copyOf(memory, span, first + gfnOf(at, position) - firstGfn, side));
        }
      });
      return 0;
    });
  }
  return { copies, aborted };
}
