// SPDX-License-Identifier: MIT
/** What the judge may ask of a container's kernel side. */
export interface WatchedContainer {
  readonly name: string;
  /** Whether a device follows the address space through it now; one behind a vIOMMU never does. */
  isAttached(): boolean;
  /** Its device is gone and its listener is being unregistered: what a refused unmap leaves goes with the container. */
  readonly isLeaving?: boolean;
  /** Its guest maps what it likes, and nobody tells the judge. @defaultValue false */
  readonly isBehindViommu?: boolean;
  /** Whether private pages are mapped on their private side: they must be, they may be, or never. @defaultValue never */
  readonly privatePages?: 'owed' | 'allowed' | 'never';
  /** Whether mappings hold their frames; without, each access resolves the page afresh. */
  readonly pins: boolean;
  isMapped(gfn: number): boolean;
  /** Frame a guest page leads to, or 0. */
  translate(gfn: number): number;
  isWritable(gfn: number): boolean;
  /**
   * Where guest pages stop to be alike: unmapped, or mapped with the same rights and leading to frames of consecutive
   * identity or to none. `endGfn` at the latest, and it may be earlier. @defaultValue each page alone
   */
  endOfRun?(firstGfn: number, endGfn: number): number;
  /**
   * `isMapped` (1 or 0), and `translate` where mappings hold frames, of so many guest pages from index `at` on.
   * @defaultValue a call each per page
   */
  readPages?(firstGfn: number, pageCount: number, mapped: Uint8Array, frames: Int32Array, at: number): void;
  /** The same of guest pages anywhere, ascending, the i-th one's at index `places[i]`. @defaultValue a call each per page */
  readEach?(gfns: readonly number[], mapped: Uint8Array, frames: Int32Array, places: readonly number[]): void;
  forEachMapping(emit: (firstGfn: number, pageCount: number) => void): void;
}
