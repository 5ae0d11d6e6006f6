// SPDX-License-Identifier: MIT
/**
 * Control: discards the other side at each conversion and tells nobody. Every section is one mapping from attach to
 * detach, as QEMU maps RAM without a RamDiscardManager.
 * Source: the six steps of [RFC PATCH 0/6] Enable shared device assignment, 20240725072118.358923-1.
 */
import { discardOther, type Strategy, switchSide } from '@sda-lab/guest-memory';
import { NO_COST } from './no-cost.ts';
import { createWholeSectionInstance } from './whole-section-instance.ts';

export const uncoordinated: Strategy = {
  id: 'uncoordinated',
  title: 'Control: discards, tells nobody',
  source: 'RFC series 20240725072118.358923-1, "Problem"',
  discardRequirement: 'none',
  // A control is wrong in one thing; what the unclipped path of its time does wrong is shown by other rows.
  requestPath: 'per-section',
  listener: { rollback: 'run', admission: 'off', awaitsAttach: true, refusedSection: 'exit' },
  capabilities: { virtioMem: false, views: false, assignment: true, reset: 'shutdown', regimes: ['two-backend', 'in-place'] },
  additions: [],
  cost: NO_COST,
  create: (host) =>
    createWholeSectionInstance((request, to) => {
      const switched = switchSide(host, request, to);
      return switched !== 0 ? switched : discardOther(host, request.pages, to);
    }),
};
