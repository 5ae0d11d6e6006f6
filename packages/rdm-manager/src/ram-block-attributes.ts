// SPDX-License-Identifier: MIT
/**
 * RamBlockAttributes as merged for QEMU 10.1 and found in 10.2.2.
 *
 * Order of a conversion: KVM attributes -> bitmap -> listeners -> discard of the other side. A range wholly in the
 * opposite state is one notification; a mixed one goes page by page; a redundant one tells nobody. A veto is returned,
 * but neither the bitmap nor the listeners told before nor the attributes are put back: the request, repeated, finds
 * nothing to do and reports success. A veto while a new listener is replayed to ends the VMM with exit(1).
 *
 * Source: QEMU 10.2.2 system/ram-block-attributes.c, accel/kvm/kvm-all.c (kvm_convert_memory).
 * Left out: hugetlb shared backing (discards skipped there), destruction order.
 */
import {
  type ConversionRequest,
  ERRNO,
  type Host,
  otherSide,
  type Side,
  type Status,
  type Strategy,
} from '@sda-lab/guest-memory';
import { createSharedBlocksInstance } from './shared-blocks-instance.ts';
import type { SharedBlock } from './stock/shared-block.ts';

function convertBlock(host: Host, state: SharedBlock, request: ConversionRequest, to: Side): Status {
  const attributes = host.setAttributes(request.gfns, to);
  if (attributes !== 0) return attributes;
  const { firstPage, endPage } = request.pages;
  // The attributes are changed already when a request past the block's end is refused.
  if (endPage > state.shared.bitCount) return -ERRNO.EINVAL;
  const status = changeState(state, firstPage, endPage, to);
  return status !== 0 ? status : host.discard(request.pages, otherSide(to));
}

function changeState(state: SharedBlock, firstPage: number, endPage: number, to: Side): Status {
  const opposite = to === 'shared' ? 'clear' : 'set';
  const occupancy = state.shared.classify(firstPage, endPage);
  if (occupancy === opposite) return changeRange(state, firstPage, endPage, to);
  if (occupancy !== 'mixed') return 0;
  for (let page = firstPage; page < endPage; page += 1) {
    if (state.shared.test(page) === (to === 'shared')) continue;
    const status = changeRange(state, page, page + 1, to);
    if (status !== 0) return status;
  }
  return 0;
}

function changeRange(state: SharedBlock, firstPage: number, endPage: number, to: Side): Status {
  state.shared.assign(firstPage, endPage, to === 'shared');
  if (to === 'shared') return state.manager.notifyPopulate(firstPage, endPage);
  state.manager.notifyDiscard(firstPage, endPage);
  return 0;
}

export const ramBlockAttributes: Strategy = {
  id: 'ram-block-attributes',
  title: 'RamBlockAttributes, private = discarded (QEMU 10.1, 10.2)',
  source: 'QEMU 10.2.2 system/ram-block-attributes.c',
  discardRequirement: 'coordinated',
  requestPath: 'first-section',
  listener: { rollback: 'run', admission: 'refuse' },
  capabilities: { virtioMem: false, views: true, assignment: true, reset: 'shutdown', regimes: ['two-backend'] },
  additions: [],
  cost: { stateBitsPerPage: '1', interfaceMembers: 6, changedUsers: [] },
  create: (host) =>
    createSharedBlocksInstance(
      { rollback: 'none', registrationFailure: 'exit', exit: (reason) => host.exit(reason) },
      (state, request, to) => convertBlock(host, state, request, to),
    ),
};
