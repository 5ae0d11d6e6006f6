// SPDX-License-Identifier: MIT
/**
 * An IO address space: which checks a map, copy or unmap passes, in the kernel's order, before areas change. Shared by
 * the native ioctls and the compat layer.
 *
 * Source: Linux 7.2.13 drivers/iommu/iommufd/{ioas,io_pagetable}.c; recordings edge-iommufd-7.2own, fuzz-all. Not
 * covered: accesses of software users, object ids, dma-buf files.
 */
import { ERRNO, type Status } from '@sda-lab/guest-memory';
import type { BackendTraits } from '../backend-traits.ts';
import {
  ADDRESS_END,
  type Geometry,
  type IovaRange,
  LAST_ADDRESS,
  PAGE,
  reservedOf,
  smallestPage,
} from '../geometry.ts';
import { addressOf, type AreaSlice, type AreaSpace, type ByteSource, overlaps } from './area-space.ts';
import { allocateIova } from './iova-allocator.ts';

/** Where an area goes: at a fixed IOVA, or wherever the kernel finds room. */
export type Placement = { readonly iova: bigint } | 'anywhere';

export interface Placed {
  readonly status: Status;
  readonly iova: bigint;
}

export class Ioas {
  readonly areas: AreaSpace;
  reserved: readonly IovaRange[] = [];
  allowed: readonly IovaRange[] = [];
  alignment = 1n;
  largePages: boolean;
  #domain: Geometry | undefined = undefined;
  readonly #traits: BackendTraits;

  constructor(areas: AreaSpace, traits: BackendTraits) {
    this.areas = areas;
    this.#traits = traits;
    this.largePages = traits.largeLeaves;
    this.#calculateAlignment();
  }

  get hasDomain(): boolean {
    return this.#domain !== undefined;
  }

  mapPages(
    placement: Placement,
    source: ByteSource,
    length: bigint,
    rights: number,
    driverStatus: Status,
  ): Placed {
    const address = addressOf(source);
    if (address + length >= ADDRESS_END) return this.#refuse(-ERRNO.EOVERFLOW);
    if (length === 0n || length > LAST_ADDRESS - PAGE) return this.#refuse(-ERRNO.EINVAL);
    const place = this.#place(placement, address, length);
    if (place < 0n) return this.#refuse(Number(place));
    const status = this.areas.map(place, length, rights, source, driverStatus);
    return { status, iova: place };
  }

  copy(from: Ioas, srcIova: bigint, length: bigint, placement: Placement, rights: number): Placed {
    if (length === 0n) return this.#refuse(-ERRNO.EINVAL);
    const last = srcIova + length - 1n;
    if (last >= ADDRESS_END) return this.#refuse(-ERRNO.EOVERFLOW);
    const slices = from.areas.slices(srcIova, last);
    if (slices === undefined) return this.#refuse(-ERRNO.ENOENT);
    const place = this.#place(placement, slices[0]!.address, length);
    if (place < 0n) return this.#refuse(Number(place));
    const refused = this.#refusedSlice(slices, rights);
    if (refused !== 0) return this.#refuse(refused);
    return { status: this.areas.adopt(place, slices, rights), iova: place };
  }

  unmap(iova: bigint, length: bigint): { readonly status: Status; readonly bytes: bigint } {
    const last = iova + length - 1n;
    if (length === 0n) return { status: this.areas.refuseUnmap(-ERRNO.EINVAL), bytes: 0n };
    if (last >= ADDRESS_END) return { status: this.areas.refuseUnmap(-ERRNO.EOVERFLOW), bytes: 0n };
    return this.areas.unmap(iova, last);
  }

  allow(ranges: readonly IovaRange[]): Status {
    const sorted = ranges.toSorted((a, b) => (a.start < b.start ? -1 : 1));
    for (const [index, { start, last }] of sorted.entries()) {
      if (start >= last) return -ERRNO.EINVAL;
      if (index > 0 && sorted[index - 1]!.last >= start) return -ERRNO.EINVAL;
    }
    if (sorted.some((range) => this.#isReserved(range.start, range.last))) return -ERRNO.EADDRINUSE;
    this.allowed = sorted;
    return 0;
  }

  /** A domain of this geometry takes all areas in; nothing changes when it cannot. */
  attach(geometry: Geometry): Status {
    const page = smallestPage(geometry);
    const alignment = page > this.alignment ? page : this.alignment;
    if (alignment > PAGE) return -ERRNO.EINVAL;
    if (!this.areas.isAligned(alignment)) return -ERRNO.EADDRINUSE;
    const reserved = reservedOf(geometry);
    for (const { start, last } of reserved) {
      if (overlaps(this.areas, start, last)) return -ERRNO.EADDRINUSE;
      if (this.allowed.some((range) => range.start <= last && start <= range.last)) {
        return -ERRNO.EADDRINUSE;
      }
    }
    const status = this.areas.attach(geometry);
    if (status !== 0) return status;
    this.adoptDomain(geometry);
    return 0;
  }

  /** The IOAS of a container that has its domain from the start. */
  adoptDomain(geometry: Geometry): void {
    this.#domain = geometry;
    this.reserved = reservedOf(geometry);
    this.#calculateAlignment();
  }

  detach(): void {
    this.areas.detach();
    this.#domain = undefined;
    this.reserved = [];
    this.#calculateAlignment();
  }

  /** IOMMU_OPTION_HUGE_PAGES. */
  setLargePages(on: boolean): Status {
    if (!on) {
      if (this.hasDomain && this.areas.hasAreas) return -ERRNO.EINVAL;
      if (!this.areas.isAligned(PAGE)) return -ERRNO.EADDRINUSE;
    }
    this.largePages = on;
    this.#calculateAlignment();
    return 0;
  }

  #calculateAlignment(): void {
    const least = this.largePages ? 1n : PAGE;
    const page = this.#domain === undefined ? 1n : smallestPage(this.#domain);
    this.alignment = page > least ? page : least;
  }

  #refuse(status: Status): Placed {
    return { status: this.areas.refuseMap(status), iova: 0n };
  }

  /** A legal IOVA for the length, or a negated errno. */
  #place(placement: Placement, address: bigint, length: bigint): bigint {
    if (length % this.alignment !== 0n) return BigInt(-ERRNO.EINVAL);
    const isOffGrid = (address % PAGE) % this.alignment !== 0n;
    if (placement === 'anywhere') {
      const { alignment, allowed, reserved } = this;
      const areas = (first: bigint, last: bigint): Iterable<IovaRange> => this.areas.used(first, last);
      const found = allocateIova({ address, length, alignment, allowed, reserved, areas });
      return found >= 0n && isOffGrid ? BigInt(-ERRNO.EINVAL) : found;
    }
    const { iova } = placement;
    const last = iova + length - 1n;
    if (iova % this.alignment !== 0n) return BigInt(-ERRNO.EINVAL);
    if (last >= ADDRESS_END) return BigInt(-ERRNO.EOVERFLOW);
    const refusing = {
      range: (): boolean => this.#isReserved(iova, last),
      overlap: (): boolean => overlaps(this.areas, iova, last),
      alignment: (): boolean => isOffGrid,
      limit: (): boolean => false,
    };
    for (const check of this.#traits.mapOrder) {
      if (refusing[check]()) return BigInt(this.#traits.mapStatus[check]);
    }
    return iova;
  }

  #refusedSlice(slices: readonly AreaSlice[], rights: number): Status {
    for (const { writable, address } of slices) {
      if ((rights & 2) !== 0 && !writable) return -ERRNO.EPERM;
      if ((address % PAGE) % this.alignment !== 0n) return -ERRNO.EINVAL;
    }
    return 0;
  }

  #isReserved(first: bigint, last: bigint): boolean {
    return this.reserved.some((range) => range.start <= last && first <= range.last);
  }
}
