// SPDX-License-Identifier: MIT
import type { Strategy } from '@sda-lab/guest-memory';

/** Whether a design tells pages apart; without any state per page it maps whole sections, three mappings in all. */
export function tracksPages({ cost }: Strategy): boolean {
  return cost.stateBits.perPage.length > 0;
}
