// SPDX-License-Identifier: MIT
/**
 * Who knows, of a region, what is populated; a region may have several. QEMU 11.1's RamDiscardSource.
 * Offsets are integers in whatever unit the user of the manager chose: block pages in strategies, bytes in unit cases.
 */
export interface RamDiscardSource {
  readonly name: string;
  /** Size of what it can tell apart; at least 1, and the same as long as it belongs to a manager. */
  readonly granularity: number;
  /** Whether the half-open range is wholly populated, by this source's own state, rounded outward to its blocks. */
  isPopulated(first: number, end: number): boolean;
  /**
   * Where its answer may be another one: it is the same for every range within `[first, answer)`. Behind `first`. QEMU has
   * no such question; it saves asking it chunk by chunk, and a manager counts as if it had.
   */
  uniformEnd?(first: number): number;
}
