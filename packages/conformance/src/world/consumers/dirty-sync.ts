// SPDX-License-Identifier: MIT
/**
 * Dirty tracking of devices: which pages a container's device wrote to, asked of the kernel before the last pass of a
 * migration.
 *
 * "Discarded" means to it: not mapped, so never asked about. It expects `runs(block, 'dma')` to be exactly what the
 * container maps. A page that is mapped and not shown keeps its dirty bit for itself: the device's write is lost. One
 * that is shown and not mapped is a query no kernel has to answer. Behind a vIOMMU it asks by what the guest mapped, and
 * a page whose `translate` is refused is left out.
 *
 * Source: QEMU 10.2.2 hw/vfio/listener.c, vfio_sync_ram_discard_listener_dirty_bitmap, one query per run, at the run's
 * own address (as meant: 10.2.2 passes the address of a local there and cannot work). Every backend is taken to track
 * dirty pages; without, QEMU takes all it would have asked about for dirty, and loses the same pages.
 */
import type { Evidence } from '../../judge/violation.ts';
import { gfnOf } from '../layout.ts';
import type { Machine } from '../machine.ts';
import type { WorldContainer } from '../world-container.ts';
import { forEachShown } from './shown-runs.ts';

/** Marks what devices wrote to, as far as it is asked for; answers where asked and mapped first differ. */
export function syncDirty(machine: Machine): Evidence | undefined {
  let difference: Evidence | undefined;
  for (const container of machine.containers) {
    if (!container.attached) continue;
    const written = machine.migration.deviceWrites.get(container.name) ?? new Set<number>();
    if (container.viommu === undefined) difference ??= syncByRuns(machine, container, written);
    else syncByIova(machine, container, written);
  }
  return difference;
}

function syncByRuns(machine: Machine, container: WorldContainer, written: ReadonlySet<number>): Evidence | undefined {
  let difference: Evidence | undefined;
  for (const span of machine.guestSpans) {
    const { firstPosition } = span;
    const window = { first: firstPosition, end: span.endPosition };
    const asked = new Set<number>();
    forEachShown(machine.instance, span, 'dma', window, ({ first, end, firstGfn }) => {
      for (let position = first; position < end; position += 1) {
        const isAtItsAddress = firstGfn + position - first === gfnOf(span, position);
        if (isAtItsAddress) asked.add(position);
      }
      return 0;
    });
    for (let position = window.first; position < window.end; position += 1) {
      if (written.has(gfnOf(span, position)) && asked.has(position)) machine.migration.noteWritten(position);
      difference ??= compareAsked(machine, container, position, asked.has(position));
    }
  }
  return difference;
}

function compareAsked({ judge, containers }: Machine, container: WorldContainer, position: number, isAsked: boolean): Evidence | undefined {
  const isMapped = judge.isMapped(containers.indexOf(container), position);
  if (isAsked === isMapped || judge.isPending(position)) return undefined;
  const detail = isAsked ? 'asked about and not mapped' : 'mapped and not asked about';
  return { reason: 'dirty-sync-differs', container: container.name, position, detail };
}

function syncByIova(machine: Machine, { viommu }: WorldContainer, written: ReadonlySet<number>): void {
  for (const [iovaPage, position] of viommu!.mappings) {
    if (written.has(iovaPage) && viommu!.mayTranslate(machine, position)) machine.migration.noteWritten(position);
  }
}
