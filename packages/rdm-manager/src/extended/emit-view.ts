// SPDX-License-Identifier: MIT
/**
 * What each kind of user sees of a block under the extended manager: devices and vIOMMU targets get plugged AND shared,
 * migration and dump get every plugged page with its side.
 */
import { forEachRunWhere } from '@sda-lab/core-bitmap';
import type { EmitRun, Status, View } from '@sda-lab/guest-memory';
import type { ExtendedBlock } from './extended-block.ts';

export function emitView(
  state: ExtendedBlock,
  view: View,
  withPrivate: boolean,
  firstPage: number,
  endPage: number,
  emit: EmitRun,
): Status {
  const { isDue, plugged, shared } = state;
  if (view === 'dma' || view === 'translate' || !withPrivate) {
    return forEachRunWhere(isDue.shared, firstPage, endPage, (first, end) => emit(first, end, 'shared'));
  }
  return plugged.forEachSetRun(firstPage, endPage, (first, end) => {
    for (let at = first; at < end; ) {
      const isSharedHere = shared.test(at);
      const runEnd = isSharedHere ? shared.nextClear(at, end) : shared.nextSet(at, end);
      const status = emit(at, runEnd, isSharedHere ? 'shared' : 'private');
      if (status !== 0) return status;
      at = runEnd;
    }
    return 0;
  });
}
