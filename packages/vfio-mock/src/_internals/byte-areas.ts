// SPDX-License-Identifier: MIT
/**
 * Areas of an IOAS stored byte by byte, for the two backends whose areas need not be whole pages: the mock domain
 * (2 KiB) and the bare IOAS (1 byte). Nothing is pinned until a domain is attached. Each area is one entry; these
 * backends exist for checking recordings and hold few.
 *
 * Source: Linux 7.2.13 drivers/iommu/iommufd/{io_pagetable,pages}.c; recordings mock-mapf, lockorder-mock, fuzz-all.
 */
import { assert, PAGE_BYTES, type Status } from '@sda-lab/guest-memory';
import type { BackendTraits } from '../backend-traits.ts';
import type { FaultPlan } from '../fault-plan.ts';
import type { Geometry, IovaRange } from '../geometry.ts';
import { type AreaSlice, type AreaSpace, type ByteSource, overlaps } from '../ioctl/area-space.ts';
import type { KernelMemory } from '../kernel-memory.ts';
import type { Extent, MappingView, UnmapDecision } from '../unmap-rules.ts';
import { IoptPages, pagesTouched } from './iopt-pages.ts';
import type { Pinner } from './pinner.ts';

export interface ByteArea {
  readonly first: bigint;
  /** May be 2^64. */
  readonly end: bigint;
  readonly pages: IoptPages;
  /** Byte of `pages` behind `first`. */
  readonly byte: number;
  readonly rights: number;
}

interface ByteSlice extends AreaSlice {
  readonly pages: IoptPages;
  readonly byte: number;
}

/** Told of areas and calls; the container counts them. */
export interface ByteAreasListener {
  mapCall(status: Status): void;
  unmapCall(status: Status, bytes: bigint): void;
  added(area: ByteArea): void;
  removed(area: ByteArea): void;
}

export class ByteAreas implements AreaSpace {
  /** Ascending; never overlapping. */
  readonly #areas: ByteArea[] = [];
  #isFilled = false;
  readonly #traits: BackendTraits;
  readonly #memory: KernelMemory;
  readonly #pinner: Pinner;
  readonly #faults: FaultPlan;
  readonly #listener: ByteAreasListener;

  constructor(
    traits: BackendTraits,
    memory: KernelMemory,
    pinner: Pinner,
    faults: FaultPlan,
    listener: ByteAreasListener,
  ) {
    this.#traits = traits;
    this.#memory = memory;
    this.#pinner = pinner;
    this.#faults = faults;
    this.#listener = listener;
  }

  get all(): readonly ByteArea[] {
    return this.#areas;
  }

  get hasAreas(): boolean {
    return this.#areas.length > 0;
  }

  /** Whether a domain is attached, so that areas are pinned. */
  get isFilled(): boolean {
    return this.#isFilled;
  }

  isAligned(alignment: bigint): boolean {
    return this.#areas.every(
      ({ first, end, byte }) =>
        first % alignment === 0n &&
        end % alignment === 0n &&
        BigInt(byte % PAGE_BYTES) % alignment === 0n,
    );
  }

  /** The area that holds this byte. */
  at(byte: bigint): ByteArea | undefined {
    const area = this.#areas[this.#indexFrom(byte)];
    return area !== undefined && area.first <= byte ? area : undefined;
  }

  *used(first: bigint, last: bigint): Iterable<IovaRange> {
    for (let index = this.#indexFrom(first); index < this.#areas.length; index += 1) {
      const area = this.#areas[index]!;
      if (area.first > last) return;
      yield { start: area.first, last: area.end - 1n };
    }
  }

  map(
    iova: bigint,
    length: bigint,
    rights: number,
    source: ByteSource,
    driverStatus: Status,
  ): Status {
    if (this.#faults.passes('map') === 0) return this.refuseMap(this.#faults.status('map'));
    const pages = new IoptPages(this.#pinner, this.#memory, source, (rights & 2) !== 0);
    const area = { first: iova, end: iova + length, pages, byte: pages.startByte, rights };
    const status = this.#add(area, driverStatus);
    this.#listener.mapCall(status);
    if (status === 0) this.#listener.added(area);
    return status;
  }

  unmap(first: bigint, last: bigint): { readonly status: Status; readonly bytes: bigint } {
    const end = last + 1n;
    const request = { touchFirst: first, touchEnd: end, insideFirst: first, insideEnd: end };
    const decision: UnmapDecision<bigint> = this.#traits.unmapRule(this.#view(), request);
    const removesNothing =
      decision.first >= decision.end || !overlaps(this, decision.first, decision.end - 1n);
    if (decision.status !== 0 && removesNothing) {
      return { status: this.refuseUnmap(decision.status), bytes: 0n };
    }
    if (this.#faults.passes('unmap') === 0) {
      return { status: this.refuseUnmap(this.#faults.status('unmap')), bytes: 0n };
    }
    const bytes = this.#remove(decision.first, decision.end);
    const status = decision.status === 0 && bytes === 0n ? this.#traits.holeStatus : decision.status;
    this.#listener.unmapCall(status, bytes);
    return { status, bytes };
  }

  unmapAll(): bigint {
    const bytes = this.drop();
    this.#listener.unmapCall(0, bytes);
    return bytes;
  }

  /** Everything goes without a call, as when the file is closed. */
  drop(): bigint {
    return this.#remove(0n, 1n << 64n);
  }

  refuseMap(status: Status): Status {
    this.#listener.mapCall(status);
    return status;
  }

  refuseUnmap(status: Status): Status {
    this.#listener.unmapCall(status, 0n);
    return status;
  }

  slices(first: bigint, last: bigint): readonly AreaSlice[] | undefined {
    const slices: ByteSlice[] = [];
    for (let at = first; at <= last; ) {
      const area = this.at(at);
      if (area === undefined) return undefined;
      const stop = area.end <= last ? area.end : last + 1n;
      const byte = area.byte + Number(at - area.first);
      const { source, startByte, writable } = area.pages;
      const base = (source.kind === 'user' ? source.va : source.start) - BigInt(startByte);
      slices.push({ length: stop - at, address: base + BigInt(byte), writable, pages: area.pages, byte });
      at = stop;
    }
    return slices;
  }

  adopt(iova: bigint, slices: readonly AreaSlice[], rights: number): Status {
    const added: ByteArea[] = [];
    let at = iova;
    for (const { pages, byte, length } of slices as readonly ByteSlice[]) {
      const area = { first: at, end: at + length, pages, byte, rights };
      const status = this.#add(area, 0);
      if (status !== 0) {
        for (const made of added) this.#remove(made.first, made.end);
        return status;
      }
      added.push(area);
      at += length;
    }
    for (const area of added) this.#listener.added(area);
    return 0;
  }

  attach(_geometry: Geometry): Status {
    for (const [index, area] of this.#areas.entries()) {
      const status = this.#fill(area, 0);
      if (status === 0) continue;
      for (const filled of this.#areas.slice(0, index)) unfill(filled);
      return status;
    }
    this.#isFilled = true;
    return 0;
  }

  detach(): void {
    if (this.#isFilled) for (const area of this.#areas) unfill(area);
    this.#isFilled = false;
  }

  #add(area: ByteArea, driverStatus: Status): Status {
    const status = this.#isFilled ? this.#fill(area, driverStatus) : 0;
    if (status !== 0 && this.#traits.unwindsFailedMap) return status;
    if (status !== 0 && this.#fill({ ...area, end: area.first + 1n }, 0) !== 0) return status;
    const index = this.#indexFrom(area.first);
    const next = this.#areas[index];
    assert(next === undefined || next.first >= area.end, 'areas never overlap');
    this.#areas.splice(index, 0, status === 0 ? area : { ...area, end: area.first + 1n });
    return status;
  }

  #fill(area: ByteArea, driverStatus: Status): Status {
    const { first, count } = pagesTouched(area.byte, area.end - area.first);
    return area.pages.fill(first, count, driverStatus);
  }

  #remove(first: bigint, end: bigint): bigint {
    const from = this.#indexFrom(first);
    let to = from;
    let bytes = 0n;
    for (; to < this.#areas.length && this.#areas[to]!.end <= end; to += 1) {
      const area = this.#areas[to]!;
      if (this.#isFilled) unfill(area);
      bytes += area.end - area.first;
    }
    const removed = this.#areas.splice(from, to - from);
    for (const area of removed) this.#listener.removed(area);
    return bytes;
  }

  #indexFrom(byte: bigint): number {
    let low = 0;
    let high = this.#areas.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#areas[middle]!.end > byte) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #view(): MappingView<bigint> {
    const holding = (at: bigint): Extent<bigint> | undefined => this.at(at);
    return {
      holding,
      lastBeginningIn: (first, end) =>
        this.#areas.findLast((area) => area.first >= first && area.first < end),
      before: (at) => at - 1n,
    };
  }
}

function unfill(area: ByteArea): void {
  const { first, count } = pagesTouched(area.byte, area.end - area.first);
  area.pages.unfill(first, count);
}
