// SPDX-License-Identifier: MIT
/**
 * Control: QEMU 9.1 to 10.0. guest_memfd requires discarding that nobody coordinates, so a VFIO device cannot be
 * attached (-EBUSY), and conversions are safe because nothing is mapped.
 * Source: commit 852f0048f3 "RAMBlock: make guest_memfd require uncoordinated discard".
 */
import { discardOther, type Strategy, switchSide } from '@sda-lab/guest-memory';
import { NO_COST } from './no-cost.ts';
import { createWholeSectionInstance } from './whole-section-instance.ts';

export const blocked: Strategy = {
  id: 'blocked',
  title: 'Control: devices and guest_memfd exclude each other (QEMU 9.1-10.0)',
  source: 'QEMU commit 852f0048f3',
  discardRequirement: 'require',
  // A control is wrong in one thing; what the unclipped path of its time does wrong is shown by other rows.
  requestPath: 'per-section',
  listener: { rollback: 'run', admission: 'warn', awaitsAttach: true, refusedSection: 'exit' },
  capabilities: { virtioMem: false, views: false, assignment: false, reset: 'shutdown', regimes: ['two-backend'] },
  additions: [],
  cost: NO_COST,
  create: (host) =>
    createWholeSectionInstance((request, to) => {
      const switched = switchSide(host, request, to);
      return switched !== 0 ? switched : discardOther(host, request.pages, to);
    }),
};
