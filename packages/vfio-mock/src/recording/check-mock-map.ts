// SPDX-License-Identifier: MIT
import { ERRNO, type Status } from '@sda-lab/guest-memory';
import { ADDRESS_END, PAGE } from '../geometry.ts';
import type { IommuContainer } from '../iommu-container.ts';
import type { ProcessMemory } from './process-memory.ts';

const MOCK_PAGE = 2048n;

/**
 * IOMMU_TEST_OP_MD_CHECK_MAP: whether an IOVA range still leads to the pages behind an address, in steps of the mock
 * domain's page. Source: Linux 7.2.13 drivers/iommu/iommufd/selftest.c.
 */
export function checkMockMap(
  container: IommuContainer,
  memory: ProcessMemory,
  iova: bigint,
  size: bigint,
  address: bigint,
): Status {
  if ((iova | size | address) % MOCK_PAGE !== 0n) return -ERRNO.EINVAL;
  if (address + size >= ADDRESS_END) return -ERRNO.EINVAL;
  for (let at = 0n; at < size; at += MOCK_PAGE) {
    const frame = memory.faultForRead(Number((address + at) / PAGE));
    if (frame < 0) return -ERRNO.EFAULT;
    const reached = container.reach(iova + at);
    const offset = Number((address + at) % PAGE);
    if (reached === undefined || reached.frame !== frame || reached.offset !== offset) {
      return -ERRNO.EINVAL;
    }
  }
  return 0;
}
