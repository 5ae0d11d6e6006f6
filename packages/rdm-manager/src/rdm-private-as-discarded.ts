// SPDX-License-Identifier: MIT
/**
 * The July 2024 series: a RamDiscardManager whose "discarded" means private.
 *
 * The conversion is notify-first-conversion.ts: a veto undoes the listeners told before, the conversion path ignores it.
 *
 * Source: [RFC PATCH 0/6] Enable shared device assignment, 25 July 2024, 20240725072118.358923-1, patches 1 to 6.
 * Left out: the object's properties.
 */
import type { Strategy } from '@sda-lab/guest-memory';
import { convertNotifyFirst } from './notify-first-conversion.ts';
import { createSharedBlocksInstance } from './shared-blocks-instance.ts';
import { STOCK_MEMBERS } from './stock/members.ts';

export const rdmPrivateAsDiscarded: Strategy = {
  id: 'rdm-private-as-discarded',
  title: 'RDM, private = discarded, result ignored (RFC July 2024)',
  source: 'RFC series 20240725072118.358923-1, patches 1-6',
  discardRequirement: 'coordinated',
  requestPath: 'first-section',
  listener: { rollback: 'run', admission: 'warn', awaitsAttach: true, refusedSection: 'exit', fineGranule: 'assert' },
  capabilities: { virtioMem: false, views: true, assignment: true, reset: 'shutdown', regimes: ['two-backend'] },
  additions: [],
  cost: {
    stateBits: { perPage: ['shared'], perFollower: [], asked: [] },
    interfaceMembers: [...STOCK_MEMBERS, 'GuestMemfdManager.state_change'],
    changedMembers: [],
    changedUsers: [],
    source: 'RFC series 20240725072118.358923-1, patches 1-6',
  },
  create: (host) =>
    createSharedBlocksInstance(
      { rollback: 'earlier', registrationFailure: 'report', exit: (reason) => host.exit(reason) },
      (state, request, to) => convertNotifyFirst(host, state, request, to),
      undefined,
      host.meter,
    ),
};
