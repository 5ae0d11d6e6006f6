// SPDX-License-Identifier: MIT
/**
 * The RFC's second way as it was posted once, in v1 of the series, and dropped in v2: every question to the
 * RamDiscardManager gets a boolean `is_private`, and every user of 2024 passes false.
 *
 * The conversion is notify-first-conversion.ts. Each user gets what its own call answers:
 *   VFIO, dump:  replay_populated(false), the shared pages.
 *   migration:   everything, minus replay_discarded(false), which walks the shared pages too: it clears the dirty bits of
 *                exactly the pages it should send, and sends the private ones as plain RAM, read from a shared side that
 *                holds zeros or what was there before.
 *   vIOMMU:      is_populated(false), shared pages only.
 * One manager per region: virtio-mem is not realized beside private memory.
 *
 * Source: [PATCH 7/7] of v1, 13 December 2024, 20241213070852.106092-8, on patches 1 to 6 of the same series.
 * Assumed: the conversion path ignores the result, and a refused replay is printed only, both as in the RFC. Left out:
 * postcopy and background snapshots, which ask is_populated(false); `is_private` = true, which nobody passes.
 */
import type { EmitRun, Status, Strategy, View } from '@sda-lab/guest-memory';
import { IsPrivateManager } from './is-private/is-private-manager.ts';
import { convertNotifyFirst } from './notify-first-conversion.ts';
import { createSharedBlocksInstance } from './shared-blocks-instance.ts';
import { STOCK_MEMBERS } from './stock/members.ts';

function showRuns(manager: IsPrivateManager, view: View, firstPage: number, endPage: number, emit: EmitRun): Status {
  if (view === 'migrate') return showSent(manager, firstPage, endPage, emit);
  return manager.replayPopulated(firstPage, endPage, false, (first, end) => emit(first, end, 'shared'));
}

/** Migration sends what it was not told to leave out, and reads all of it through the process's mapping. */
function showSent(manager: IsPrivateManager, firstPage: number, endPage: number, emit: EmitRun): Status {
  let at = firstPage;
  const status = manager.replayDiscarded(firstPage, endPage, false, (first, end) => {
    const sent = at < first ? emit(at, first, 'shared') : 0;
    at = end;
    return sent;
  });
  return status !== 0 || at >= endPage ? status : emit(at, endPage, 'shared');
}

const CHANGED_MEMBERS: readonly string[] = [
  'RamDiscardManager.is_populated',
  'RamDiscardManager.replay_populated',
  'RamDiscardManager.replay_discarded',
  'RamDiscardListener.notify_populate',
  'RamDiscardListener.notify_discard',
];

export const extendedRdmAsPosted: Strategy = {
  id: 'extended-rdm-as-posted',
  title: 'RDM with is_private on every call (v1 7/7, December 2024)',
  source: 'v1 patch 7/7, 20241213070852.106092-8',
  discardRequirement: 'coordinated',
  requestPath: 'first-section',
  listener: { rollback: 'run', admission: 'warn', awaitsAttach: true, refusedSection: 'exit', fineGranule: 'assert' },
  capabilities: { virtioMem: false, views: true, assignment: true, reset: 'shutdown', regimes: ['two-backend'] },
  additions: [],
  cost: {
    stateBits: { perPage: ['shared'], perFollower: [], asked: [] },
    interfaceMembers: [...STOCK_MEMBERS, 'GuestMemfdManager.state_change'],
    changedMembers: CHANGED_MEMBERS,
    changedUsers: [
      { file: 'hw/vfio/common.c', change: 'its callbacks take is_private and do nothing for true' },
      { file: 'hw/virtio/virtio-mem.c', change: 'takes is_private, and passes false to its listeners' },
      { file: 'migration/ram.c', change: 'passes false' },
      { file: 'system/memory.c', change: 'passes false, for a vIOMMU target' },
      { file: 'system/memory_mapping.c', change: 'passes false, for dump' },
    ],
    source: 'v1 patch 7/7, 20241213070852.106092-8',
  },
  create: (host) =>
    createSharedBlocksInstance(
      { rollback: 'earlier', registrationFailure: 'report', exit: (reason) => host.exit(reason) },
      (state, request, to) => convertNotifyFirst(host, state, request, to),
      ({ shared }, view, firstPage, endPage, emit) =>
        showRuns(new IsPrivateManager(shared), view, firstPage, endPage, emit),
      host.meter,
    ),
};
