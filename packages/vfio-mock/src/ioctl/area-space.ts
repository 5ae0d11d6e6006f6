// SPDX-License-Identifier: MIT
/** The areas of an IOAS as the iommufd rules see them, in bytes; stored in pages or byte by byte. */
import type { Status } from '@sda-lab/guest-memory';
import type { Geometry, IovaRange } from '../geometry.ts';

/** Where an area's pages come from. */
export type ByteSource =
  | { readonly kind: 'user'; readonly va: bigint }
  | { readonly kind: 'file'; readonly fd: number; readonly start: bigint };

/** Part of one area that a copy takes over: opaque to the rules but for these. */
export interface AreaSlice {
  readonly length: bigint;
  /** Byte address (or file offset) of its first byte. */
  readonly address: bigint;
  readonly writable: boolean;
}

export interface AreaSpace {
  readonly hasAreas: boolean;
  /** Whether IOVA, length and page offset of every area are multiples. */
  isAligned(alignment: bigint): boolean;
  /** Used stretches that touch [first, last], ascending. */
  used(first: bigint, last: bigint): Iterable<IovaRange>;
  map(iova: bigint, length: bigint, rights: number, source: ByteSource, driverStatus: Status): Status;
  unmap(first: bigint, last: bigint): { readonly status: Status; readonly bytes: bigint };
  unmapAll(): bigint;
  refuseMap(status: Status): Status;
  refuseUnmap(status: Status): Status;
  /** What covers [first, last] without a gap, one slice per area; undefined when something is missing. */
  slices(first: bigint, last: bigint): readonly AreaSlice[] | undefined;
  /** One area per slice, sharing its pages; slices come from a space of the same storage. */
  adopt(iova: bigint, slices: readonly AreaSlice[], rights: number): Status;
  attach(geometry: Geometry): Status;
  detach(): void;
}

export function addressOf(source: ByteSource): bigint {
  return source.kind === 'user' ? source.va : source.start;
}

export function overlaps(space: AreaSpace, first: bigint, last: bigint): boolean {
  return space.used(first, last)[Symbol.iterator]().next().done !== true;
}
