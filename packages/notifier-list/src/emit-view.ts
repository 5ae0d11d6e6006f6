// SPDX-License-Identifier: MIT
/**
 * What each kind of user sees of a block under design 1: the stock manager's plugged runs, cut by the shared bitmap.
 */
import type { EmitRun, Status, View } from '@sda-lab/guest-memory';
import type { BlockState } from './block-state.ts';

export function emitView(
  state: BlockState,
  view: View,
  withPrivate: boolean,
  firstPage: number,
  endPage: number,
  emit: EmitRun,
): Status {
  const onlyShared = view === 'dma' || view === 'translate' || !withPrivate;
  return state.forEachPluggedRun(firstPage, endPage, (first, end) =>
    onlyShared
      ? state.shared.forEachSetRun(first, end, (from, to) => emit(from, to, 'shared'))
      : emitBothSides(state, first, end, emit),
  );
}

function emitBothSides(state: BlockState, firstPage: number, endPage: number, emit: EmitRun): Status {
  const { shared } = state;
  for (let at = firstPage; at < endPage; ) {
    const isShared = shared.test(at);
    const runEnd = isShared ? shared.nextClear(at, endPage) : shared.nextSet(at, endPage);
    const status = emit(at, runEnd, isShared ? 'shared' : 'private');
    if (status !== 0) return status;
    at = runEnd;
  }
  return 0;
}
