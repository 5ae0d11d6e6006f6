// SPDX-License-Identifier: MIT
/**
 * Control: QEMU 9.1 to 10.0. guest_memfd requires discarding that nobody coordinates, so a VFIO device cannot be
 * attached (-EBUSY), and conversions are safe because nothing is mapped.
 * Source: commit 852f0048f3 "RAMBlock: make guest_memfd require uncoordinated discard".
 */
import { discardOther, type Strategy, switchSide } from '@sda-lab/guest-memory';
import { createWholeSectionInstance } from './whole-section-instance.ts';

export const blocked: Strategy = {
  id: 'blocked',
  title: 'Control: devices and guest_memfd exclude each other (QEMU 9.1-10.0)',
  source: 'QEMU commit 852f0048f3',
  discardRequirement: 'require',
  requestPath: 'first-section',
  listener: { rollback: 'run', admission: 'warn' },
  capabilities: { virtioMem: false, views: false, assignment: false, reset: 'shutdown', regimes: ['two-backend'] },
  additions: [],
  cost: { stateBitsPerPage: '0', interfaceMembers: 0, changedUsers: [] },
  create: (host) =>
    createWholeSectionInstance((request, to) => {
      const switched = switchSide(host, request, to);
      return switched !== 0 ? switched : discardOther(host, request.pages, to);
    }),
};
