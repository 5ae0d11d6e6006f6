// SPDX-License-Identifier: MIT
/**
 * A conversion in the order of the series up to v2 (February 2025):
 * KVM attributes -> listeners -> bitmap -> discard of the other side.
 *
 * A mixed range walks its runs in the opposite state, neighbours joined; a redundant request tells nobody. After a veto
 * the bitmap stays, the listeners told before are undone by the manager, and nobody looks at the answer: the other side
 * is discarded and the guest told success.
 *
 * Its searches end where the request does; the bound of the whole bitmap came with the merge.
 *
 * Source: RFC series 20240725072118.358923-1. That v1 (20241213070852.106092-1) ignores the answer too is an assumption,
 * taken over from the RFC.
 */
import { type ConversionRequest, type CostMeter, discardOther, type Host, type Side, type Status } from '@sda-lab/guest-memory';
import type { ForEachRun } from './stock/ram-discard-manager.ts';
import type { SharedBlock } from './stock/shared-block.ts';

export function convertNotifyFirst(host: Host, state: SharedBlock, request: ConversionRequest, to: Side): Status {
  const attributes = host.setAttributes(request.gfns, to);
  if (attributes !== 0) return attributes;
  const { firstPage, endPage } = request.pages;
  // As posted: nobody looks at the answer.
  if (endPage <= state.shared.bitCount) changeState(state, firstPage, endPage, to, host.meter);
  return discardOther(host, request.pages, to);
}

function changeState(state: SharedBlock, firstPage: number, endPage: number, to: Side, meter?: CostMeter): void {
  const { manager, shared } = state;
  const toShared = to === 'shared';
  const opposite: ForEachRun = (first, end, emit) => {
    meter?.walkRuns(shared, !toShared, first, end, end);
    return toShared ? shared.forEachClearRun(first, end, emit) : shared.forEachSetRun(first, end, emit);
  };
  if (!toShared) manager.notifyDiscard(firstPage, endPage, opposite);
  else if (manager.notifyPopulate(firstPage, endPage, opposite) !== 0) return;
  shared.assign(firstPage, endPage, toShared);
}
