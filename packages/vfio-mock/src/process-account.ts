// SPDX-License-Identifier: MIT
/**
 * The locked-memory counters of the process that maps, and its limit. One process may own several containers.
 *
 * type1 counts every pinned page of every mapping in mm->locked_vm (VmLck) and compares that with RLIMIT_MEMLOCK.
 * iommufd counts every pinned page in mm->pinned_vm (VmPin), and compares only the pages of mappings made without
 * CAP_IPC_LOCK, kept per user. Source: Linux 7.2.13 vfio_iommu_type1.c, drivers/iommu/iommufd/pages.c; recordings
 * edge-type1-7.2, edge-iommufd-7.2own, lockorder-mock-7.2own. Not covered: other users of the same counters.
 */
export interface MemlockLimits {
  /** RLIMIT_MEMLOCK in pages; Infinity for none. */
  readonly limitPages: number;
  readonly capIpcLock: boolean;
}

export class ProcessAccount {
  limitPages: number;
  capIpcLock: boolean;
  /** VmLck in pages. */
  lockedVm = 0;
  /** VmPin in pages. */
  pinnedVm = 0;
  /** Pages charged to the user: those of mappings made without CAP_IPC_LOCK. */
  userLockedVm = 0;

  constructor(limits: MemlockLimits = { limitPages: Infinity, capIpcLock: false }) {
    this.limitPages = limits.limitPages;
    this.capIpcLock = limits.capIpcLock;
  }
}
