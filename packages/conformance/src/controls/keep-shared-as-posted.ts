// SPDX-License-Identifier: MIT
/**
 * Control: attempt [2] of the RFC as its diff was posted, with the condition the wrong way round. While discarding is
 * disabled (a device is attached) the shared side is discarded behind the device's back; while it is allowed (nobody
 * would mind) the shared side is kept and memory is held twice. `keep-shared` is what its message describes.
 *
 * Source: SNP v3 patch 19/49, 20 March 2024, 20240320083945.991426-20, the diff; also AMDESE/qemu 99a7f1c16e.
 * Taken from its message, since the mail is about nothing else: only the shared side is under the condition; the
 * private side is freed at each sharing. Left out: in-place conversion, which it never met.
 */
import { discardOther, type Strategy, switchSide } from '@sda-lab/guest-memory';
import { NO_COST } from './no-cost.ts';
import { createWholeSectionInstance } from './whole-section-instance.ts';

export const keepSharedAsPosted: Strategy = {
  id: 'keep-shared-as-posted',
  title: 'Control: keeps the shared side unless a device is there (attempt [2] as posted)',
  source: 'SNP v3 patch 19/49, 20240320083945.991426-20, diff',
  discardRequirement: 'none',
  requestPath: 'first-section',
  listener: { rollback: 'run', admission: 'off', awaitsAttach: true, refusedSection: 'exit' },
  capabilities: { virtioMem: false, views: false, assignment: true, reset: 'shutdown', regimes: ['two-backend'] },
  additions: [],
  cost: NO_COST,
  create: (host) =>
    createWholeSectionInstance((request, to) => {
      const switched = switchSide(host, request, to);
      if (switched !== 0) return switched;
      if (to === 'shared') return discardOther(host, request.pages, 'shared');
      // As posted: meant was "unless it is disabled".
      return host.isDiscardDisabled ? discardOther(host, request.pages, 'private') : 0;
    }),
};
