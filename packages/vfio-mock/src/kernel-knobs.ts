// SPDX-License-Identifier: MIT
/**
 * What changed between kernels, as data. Everything else is one model.
 *
 * Sources: Linux 6.1, 6.12, 7.2.13 drivers/vfio/vfio_iommu_type1.c (overflow checks, walks up to the last address);
 * mm/gup.c of 6.1 and 6.12 (long-term read pins of private memory); recordings stale-type1-6.1, edge-type1-7.2.
 */
import { ERRNO, type Status } from '@sda-lab/guest-memory';
import type { KernelVersion } from './backend-id.ts';

export interface KernelKnobs {
  /** type1: what a map or unmap answers whose IOVA or address range wraps around. */
  readonly wrapStatus: Status;
  /** type1: whether a range may end at 2^64 exactly; before, a walk over such a range found nothing. */
  readonly walksToLastAddress: boolean;
  /** Whether a long-term read pin of private memory breaks copy-on-write first, so that CPU and device agree. */
  readonly readPinBreaksCow: boolean;
}

const OLD_TYPE1 = { wrapStatus: -ERRNO.EINVAL, walksToLastAddress: false };
const NEW_TYPE1 = { wrapStatus: -ERRNO.EOVERFLOW, walksToLastAddress: true };

export const KERNEL_KNOBS: Readonly<Record<KernelVersion, KernelKnobs>> = {
  '6.1': { ...OLD_TYPE1, readPinBreaksCow: false },
  '6.12': { ...OLD_TYPE1, readPinBreaksCow: true },
  '7.2': { ...NEW_TYPE1, readPinBreaksCow: true },
  '7.3': { ...NEW_TYPE1, readPinBreaksCow: true },
};

export const DEFAULT_KERNEL: KernelVersion = '7.2';
