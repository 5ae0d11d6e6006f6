// SPDX-License-Identifier: MIT
/**
 * What can be unusual about the guest of a random history: firmware, huge pages, memslots that come and go, a second
 * source for one block, a block without guest_memfd. Most drawn guests have nothing of it, and shrinking ends there.
 */
import type { Regime } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import type { VmemSpec, WorldInput } from '../world/world-spec.ts';

export interface Oddities {
  readonly devices: number;
  readonly firmware: number;
  readonly hugetlb: number;
}

export const oddities: fc.Arbitrary<Oddities> = fc.record({
  devices: fc.nat(15),
  firmware: fc.nat(9),
  hugetlb: fc.nat(9),
});

type Guest = Pick<WorldInput, 'pages' | 'vmem' | 'firmware' | 'readonly' | 'hugetlb'>;

/** A guest of `pages` pages of boot RAM and so many devices of two blocks, with what was drawn for it. */
export function guestOf(pages: number, deviceCount: number, blockPages: number, regime: Regime, drawn: Oddities): Guest {
  const hugetlb = regime === 'two-backend' && drawn.hugetlb > 7 ? 2 ** (drawn.hugetlb - 7) : 1;
  return {
    pages: Math.ceil(pages / hugetlb) * hugetlb,
    vmem: devicesOf(deviceCount, blockPages, drawn.devices),
    ...(drawn.firmware > 6 && { firmware: drawn.firmware === 7 ? 1 : 2, readonly: drawn.firmware === 9 ? 'firmware' : 'none' }),
    ...(hugetlb > 1 && { hugetlb }),
  };
}

function devicesOf(deviceCount: number, blockPages: number, drawn: number): VmemSpec[] {
  if (deviceCount === 0) return [];
  const plain: VmemSpec = { blockCount: 2, blockPages };
  const others = Array.from({ length: deviceCount - 1 }, () => plain);
  switch (drawn) {
    case 9:
    case 10:
      return [{ ...plain, memslotBlocks: 1 }, ...others];
    case 11:
    case 12:
      return [{ blockCount: 4, blockPages, memslotBlocks: 2 }, ...others];
    case 13:
    case 14:
      return [plain, { blockCount: 2 * blockPages, blockPages: 1, over: 'm0' }];
    case 15:
      return [{ ...plain, shared: true }, ...others];
    default:
      return [plain, ...others];
  }
}
