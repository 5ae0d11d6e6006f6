// SPDX-License-Identifier: MIT
/**
 * Control: attempt [2] of the RFC as its mail describes it. The shared side is never discarded, so mappings stay right
 * and memory is held twice once the guest uses the private side.
 * Source: SNP v3 patch 19/49, 20 March 2024, 20240320083945.991426-20 (its message; the diff as posted has the
 * condition inverted and is another strategy). Left out: in-place conversion, which it never met.
 */
import { discardOther, type Strategy, switchSide } from '@sda-lab/guest-memory';
import { NO_COST } from './no-cost.ts';
import { createWholeSectionInstance } from './whole-section-instance.ts';

export const keepShared: Strategy = {
  id: 'keep-shared',
  title: 'Control: never discards the shared side (attempt [2] as described)',
  source: 'SNP v3 patch 19/49, 20240320083945.991426-20, message',
  discardRequirement: 'none',
  // A control is wrong in one thing; what the unclipped path of its time does wrong is shown by other rows.
  requestPath: 'per-section',
  listener: { rollback: 'run', admission: 'off', awaitsAttach: true, refusedSection: 'exit' },
  capabilities: { virtioMem: false, views: false, assignment: true, reset: 'shutdown', regimes: ['two-backend'] },
  additions: [],
  cost: NO_COST,
  create: (host) =>
    createWholeSectionInstance((request, to) => {
      const switched = switchSide(host, request, to);
      if (switched !== 0 || to === 'private') return switched;
      return discardOther(host, request.pages, 'shared');
    }),
};
