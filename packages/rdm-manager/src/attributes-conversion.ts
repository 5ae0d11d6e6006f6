// SPDX-License-Identifier: MIT
/**
 * A conversion as kvm_convert_memory and RamBlockAttributes carry it out, the same in 10.1 to 11.1:
 * KVM attributes -> bitmap -> listeners -> discard of the other side.
 *
 * A range wholly in the opposite state is one notification; a mixed one goes page by page and stops at the first veto;
 * a redundant one tells nobody. A veto is returned, and the bits set so far stay, the vetoed ones included. Who is told,
 * and who hears what of a veto, is the version's manager.
 *
 * To know which it is, QEMU searches for the next set and for the next clear bit, both with the bound of the whole bitmap
 * and not of the range; that is what a meter counts, and one word for each bit tested in a mixed range.
 *
 * Source: QEMU 10.2.2 system/ram-block-attributes.c (ram_block_attributes_state_change), accel/kvm/kvm-all.c
 * (kvm_convert_memory; on hugetlbfs it returns before the discard of the shared side).
 */
import type { Bitmap } from '@sda-lab/core-bitmap';
import { type ConversionRequest, type CostMeter, discardOther, ERRNO, type Host, type Side, type Status } from '@sda-lab/guest-memory';

export interface AttributesState {
  /** 1 = shared = populated. */
  readonly shared: Bitmap;
  notifyPopulate(firstPage: number, endPage: number): Status;
  notifyDiscard(firstPage: number, endPage: number): void;
}

export function convertAttributes(host: Host, state: AttributesState, request: ConversionRequest, to: Side): Status {
  const attributes = host.setAttributes(request.gfns, to);
  if (attributes !== 0) return attributes;
  const { firstPage, endPage } = request.pages;
  // The attributes are changed already when a request past the block's end is refused.
  if (endPage > state.shared.bitCount) return -ERRNO.EINVAL;
  const status = changeState(state, firstPage, endPage, to, host.meter);
  return status !== 0 ? status : discardOther(host, request.pages, to);
}

function changeState(state: AttributesState, firstPage: number, endPage: number, to: Side, meter?: CostMeter): Status {
  const opposite = to === 'shared' ? 'clear' : 'set';
  const occupancy = state.shared.classify(firstPage, endPage);
  meter?.search(state.shared, true, firstPage, state.shared.bitCount);
  meter?.search(state.shared, false, firstPage, state.shared.bitCount);
  if (occupancy === opposite) return changeRange(state, firstPage, endPage, to);
  if (occupancy !== 'mixed') return 0;
  for (let page = firstPage; page < endPage; page += 1) {
    meter?.tested();
    if (state.shared.test(page) === (to === 'shared')) continue;
    const status = changeRange(state, page, page + 1, to);
    if (status !== 0) return status;
  }
  return 0;
}

function changeRange(state: AttributesState, firstPage: number, endPage: number, to: Side): Status {
  state.shared.assign(firstPage, endPage, to === 'shared');
  if (to === 'shared') return state.notifyPopulate(firstPage, endPage);
  state.notifyDiscard(firstPage, endPage);
  return 0;
}
