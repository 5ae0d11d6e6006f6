// SPDX-License-Identifier: MIT
import type { DesignCost } from '@sda-lab/guest-memory';

/** A control keeps no state, and nobody programs against it. */
export const NO_COST: DesignCost = {
  stateBits: { perPage: [], perFollower: [], asked: [] },
  interfaceMembers: [],
  changedMembers: [],
  changedUsers: [],
  source: 'no manager and no list',
};
