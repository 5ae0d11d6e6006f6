// SPDX-License-Identifier: MIT
/** Half-open range of guest page numbers (guest physical address / 4096). */
export interface GfnRange {
  readonly firstGfn: number;
  readonly endGfn: number;
}
