// SPDX-License-Identifier: MIT
/**
 * What differs between backends, as data: one row each. The model reads the row and has no branch on an id.
 *
 * Sources: Linux 7.2.13 vfio_iommu_type1.c, drivers/iommu/iommufd/{io_pagetable,pages,vfio_compat}.c; recordings
 * edge-*, fuzz-all, stale-*, lockorder-mock; libvfio-user's DMA controller for `vfio-user-strict` (an unmap names one
 * earlier map exactly). type1 (v1) and iommufd-compat-v1 rest on source alone, no recording names them.
 */
import { ERRNO, type Status } from '@sda-lab/guest-memory';
import type { BackendId } from './backend-id.ts';
import { EVERYWHERE, type Geometry, MOCK_DOMAIN, VTD_48 } from './geometry.ts';
import {
  ascendingUntilCut,
  atomicOrRefused,
  cutToFit,
  exactlyOne,
  type UnmapRule,
  wholeMappings,
} from './unmap-rules.ts';

/** A check of a map call that names a place or a resource, in the order the kernel makes them. */
export type MapCheck = 'alignment' | 'overlap' | 'limit' | 'range';

export interface BackendTraits {
  /** A mapping holds its frames; without, each access resolves the process page afresh. */
  readonly pins: boolean;
  /** What a consumer must honour: any union of mappings and holes in one call, or one mapping per call. */
  readonly unmapShape: 'range' | 'exact';
  /** Which ioctls (or messages) the interface speaks. */
  readonly door: 'type1' | 'iommufd' | 'compat' | 'vfio-user';
  /** Mappings a container may hold; Infinity for no limit. The first default of dma_entry_limit. */
  readonly entryLimit: number;
  readonly mapOrder: readonly MapCheck[];
  readonly mapStatus: Readonly<Record<MapCheck, Status>>;
  readonly unmapRule: UnmapRule;
  /** What an unmap of nothing answers. */
  readonly holeStatus: Status;
  /** Who is charged for pinned pages, and when: page by page in batches, or the whole mapping after pinning it. */
  readonly accounting: 'mm-batched' | 'user-whole' | 'none';
  /** Whether QEMU's driver for this backend takes -ENOENT of an unmap for success. */
  readonly qemuMasksEnoent: boolean;
  /** Whether QEMU's client sends the calls of a memory transaction without waiting for the answers. */
  readonly pipelinesTransactions: boolean;
  /** A mapping whose pages cannot all be pinned leaves nothing behind. */
  readonly unwindsFailedMap: boolean;
  /** What VFIO_IOMMU_DIRTY_PAGES answers whatever is asked; 0 when it is served. */
  readonly dirtyPagesStatus: Status;
  /** Kernel memory per mapping: struct vfio_dma, or iopt_area plus iopt_pages. */
  readonly bytesPerMapping: number;
  /** Physical extents one unmap may queue before it must flush the IOTLB. */
  readonly extentsPerSync: number;
  /** Whether IO page tables use leaves above the smallest page. */
  readonly largeLeaves: boolean;
  readonly geometry: Geometry;
}

const TYPE1_STATUS = {
  alignment: -ERRNO.EINVAL,
  overlap: -ERRNO.EEXIST,
  limit: -ERRNO.ENOSPC,
  range: -ERRNO.EINVAL,
};

const TYPE1V2: BackendTraits = {
  pins: true,
  unmapShape: 'range',
  door: 'type1',
  entryLimit: 65535,
  mapOrder: ['alignment', 'overlap', 'limit', 'range'],
  mapStatus: TYPE1_STATUS,
  unmapRule: atomicOrRefused,
  holeStatus: 0,
  accounting: 'mm-batched',
  qemuMasksEnoent: false,
  pipelinesTransactions: false,
  unwindsFailedMap: true,
  dirtyPagesStatus: 0,
  bytesPerMapping: 96,
  extentsPerSync: 512,
  largeLeaves: true,
  geometry: VTD_48,
};

const IOMMUFD: BackendTraits = {
  ...TYPE1V2,
  door: 'iommufd',
  dirtyPagesStatus: -ERRNO.ENOTTY,
  entryLimit: Infinity,
  mapOrder: ['range', 'overlap', 'alignment', 'limit'],
  unmapRule: ascendingUntilCut,
  holeStatus: -ERRNO.ENOENT,
  accounting: 'user-whole',
  qemuMasksEnoent: true,
  bytesPerMapping: 384,
  extentsPerSync: 5461,
};

const COMPAT_V2: BackendTraits = { ...IOMMUFD, door: 'compat', holeStatus: 0, qemuMasksEnoent: false };

const VFIO_USER: BackendTraits = {
  ...TYPE1V2,
  pins: false,
  door: 'vfio-user',
  pipelinesTransactions: true,
  accounting: 'none',
  bytesPerMapping: 0,
  geometry: EVERYWHERE,
};

export const BACKEND_TRAITS: Readonly<Record<BackendId, BackendTraits>> = {
  type1: { ...TYPE1V2, unmapRule: wholeMappings, dirtyPagesStatus: -ERRNO.EACCES },
  type1v2: TYPE1V2,
  iommufd: IOMMUFD,
  'iommufd-compat-v1': { ...COMPAT_V2, unmapRule: cutToFit, largeLeaves: false },
  'iommufd-compat-v2': COMPAT_V2,
  'vfio-user': VFIO_USER,
  'vfio-user-strict': {
    ...VFIO_USER,
    unmapShape: 'exact',
    unmapRule: exactlyOne,
    holeStatus: -ERRNO.ENOENT,
  },
  'iommufd-mock-domain': { ...IOMMUFD, geometry: MOCK_DOMAIN },
  'iommufd-ioas': { ...IOMMUFD, pins: false, geometry: EVERYWHERE },
};
