// SPDX-License-Identifier: MIT
import type { UserMemory } from '@sda-lab/guest-memory';

/**
 * Process memory with what the recordings need beyond `UserMemory`: the file behind it (for IOMMU_IOAS_MAP_FILE) and
 * reserved frames. A guest world passes a plain `UserMemory`.
 */
export interface KernelMemory extends UserMemory {
  /** A reserved frame (the zero page) is pinned but, in type1, neither counted nor released. */
  isReservedFrame?(frame: number): boolean;
  /**
   * The frame of a page of memory file `fd`, allocated if it is a hole, with one pin; or -EBADF, -EINVAL. `endPage` is
   * where the whole request ends: one that reaches behind the file's end is refused before any page is allocated.
   */
  pinFilePage?(fd: number, filePage: number, endPage: number): number;
  /** 0 when `fd` is any open file, -EBADF otherwise. */
  checkFile?(fd: number): number;
}
