// SPDX-License-Identifier: MIT
/**
 * A page is 4 KiB of guest physical address space. Page numbers inside the lab are safe integers; addresses are
 * `bigint` at the doors only.
 */
export const PAGE_BYTES = 4096;

/** Which side of a page the guest uses. Private pages are backed by guest_memfd. */
export type Side = 'shared' | 'private';

export function otherSide(side: Side): Side {
  return side === 'shared' ? 'private' : 'shared';
}
