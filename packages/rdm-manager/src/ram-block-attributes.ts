// SPDX-License-Identifier: MIT
/**
 * RamBlockAttributes as merged for QEMU 10.1 and found in 10.2.2.
 *
 * The conversion is attributes-conversion.ts. After a veto neither the bitmap nor the listeners told before nor the
 * attributes are put back: the request, repeated, finds nothing to do and reports success. A veto while a new listener
 * is replayed to ends the VMM with exit(1).
 *
 * Source: QEMU 10.2.2 system/ram-block-attributes.c, accel/kvm/kvm-all.c (kvm_convert_memory).
 * Left out: destruction order.
 */
import type { Strategy } from '@sda-lab/guest-memory';
import { convertAttributes } from './attributes-conversion.ts';
import { createSharedBlocksInstance } from './shared-blocks-instance.ts';
import { STOCK_MEMBERS } from './stock/members.ts';

export const ramBlockAttributes: Strategy = {
  id: 'ram-block-attributes',
  title: 'RamBlockAttributes, private = discarded (QEMU 10.1, 10.2)',
  source: 'QEMU 10.2.2 system/ram-block-attributes.c',
  discardRequirement: 'coordinated',
  requestPath: 'first-section',
  listener: { rollback: 'run', admission: 'refuse', awaitsAttach: false, refusedSection: 'exit', fineGranule: 'assert' },
  capabilities: { virtioMem: false, views: true, assignment: true, reset: 'shutdown', regimes: ['two-backend'] },
  additions: [],
  cost: {
    stateBits: { perPage: ['shared'], perFollower: [], asked: [] },
    interfaceMembers: [...STOCK_MEMBERS, 'RamBlockAttributes.state_change'],
    changedMembers: [],
    changedUsers: [
      { file: 'hw/virtio/virtio-mem.c', change: 'hears that a region has a manager already, and is not realized then' },
    ],
    source: 'QEMU 10.2.2 system/ram-block-attributes.c, system/memory.c',
  },
  create: (host) =>
    createSharedBlocksInstance(
      { rollback: 'none', registrationFailure: 'exit', exit: (reason) => host.exit(reason) },
      ({ shared, manager }, request, to) => {
        const state = {
          shared,
          notifyPopulate: (first: number, end: number) => manager.notifyPopulate(first, end),
          notifyDiscard: (first: number, end: number) => manager.notifyDiscard(first, end),
        };
        return convertAttributes(host, state, request, to);
      },
      undefined,
      host.meter,
    ),
};
