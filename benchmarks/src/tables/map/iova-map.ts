// SPDX-License-Identifier: MIT
/** What every subject of the tables of IOVA maps does: single-page mappings, in bulk, so that each has loops of its own. */

export interface IovaMap {
  readonly name: string;
  /** Inserts single-page mappings, each after a look whether it overlaps; answers how many were inserted. */
  insertAll(pages: Int32Array): number;
  /** Sum of `offsetOf` over the pages that are mapped. */
  lookUpAll(pages: Int32Array): number;
  /** Removes mappings, each named exactly; answers how many were removed. */
  removeAll(pages: Int32Array): number;
  /** Removes a page of `from` and inserts one of `to`, in turn; answers how many of both were done. */
  churn(from: Int32Array, to: Int32Array): number;
  clear(): void;
  readonly bytes?: () => number;
}

/** Process pages begin where those of a 64-bit process do. */
export const HOST_BASE = 0x7_f000_0000;

/** Process pages are no run anywhere, so no two mappings can be stored as one. `native/std-map.cc` has the same. */
export function offsetOf(page: number): number {
  return page * 3;
}

export function hostOf(page: number): number {
  return HOST_BASE + offsetOf(page);
}
