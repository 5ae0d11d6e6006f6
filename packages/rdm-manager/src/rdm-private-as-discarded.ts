// SPDX-License-Identifier: MIT
/**
 * The July 2024 series: a RamDiscardManager whose "discarded" means private.
 *
 * Order of a conversion: KVM attributes -> listeners -> bitmap -> discard of the other side. Mixed ranges walk the runs
 * in the opposite state. A veto undoes the listeners told before; the conversion path ignores the result, so the other
 * side is discarded and the guest told success all the same.
 *
 * Source: [RFC PATCH 0/6] Enable shared device assignment, 25 July 2024, 20240725072118.358923-1, patches 1 to 6.
 * Left out: hugetlb, the object's properties.
 */
import {
  type ConversionRequest,
  type Host,
  otherSide,
  type Side,
  type Status,
  type Strategy,
} from '@sda-lab/guest-memory';
import { createSharedBlocksInstance } from './shared-blocks-instance.ts';
import type { ForEachRun } from './stock/ram-discard-manager.ts';
import type { SharedBlock } from './stock/shared-block.ts';

function convertBlock(host: Host, state: SharedBlock, request: ConversionRequest, to: Side): Status {
  const attributes = host.setAttributes(request.gfns, to);
  if (attributes !== 0) return attributes;
  const { firstPage, endPage } = request.pages;
  // As posted: nobody looks at the answer.
  if (endPage <= state.shared.bitCount) changeState(state, firstPage, endPage, to);
  return host.discard(request.pages, otherSide(to));
}

function changeState(state: SharedBlock, firstPage: number, endPage: number, to: Side): void {
  const { manager, shared } = state;
  const toShared = to === 'shared';
  const opposite: ForEachRun = (first, end, emit) =>
    toShared ? shared.forEachClearRun(first, end, emit) : shared.forEachSetRun(first, end, emit);
  if (!toShared) manager.notifyDiscard(firstPage, endPage, opposite);
  else if (manager.notifyPopulate(firstPage, endPage, opposite) !== 0) return;
  shared.assign(firstPage, endPage, toShared);
}

export const rdmPrivateAsDiscarded: Strategy = {
  id: 'rdm-private-as-discarded',
  title: 'RDM, private = discarded, result ignored (RFC July 2024)',
  source: 'RFC series 20240725072118.358923-1, patches 1-6',
  discardRequirement: 'coordinated',
  requestPath: 'first-section',
  listener: { rollback: 'run', admission: 'warn' },
  capabilities: { virtioMem: false, views: true, assignment: true, reset: 'shutdown', regimes: ['two-backend'] },
  additions: [],
  cost: { stateBitsPerPage: '1', interfaceMembers: 6, changedUsers: [] },
  create: (host) =>
    createSharedBlocksInstance(
      { rollback: 'earlier', registrationFailure: 'report', exit: (reason) => host.exit(reason) },
      (state, request, to) => convertBlock(host, state, request, to),
    ),
};
