// SPDX-License-Identifier: MIT
/**
 * A memory file (memfd): its page cache, and what punching holes into it does to pinned pages. A folio of more than
 * one page is pinned, split and kept as a whole.
 *
 * Source: Linux 7.2.13 mm/shmem.c (shmem_fallocate, shmem_undo_range), mm/hugetlb.c and fs/hugetlbfs (partial huge
 * pages are zeroed, never split); recording memory-6.18 for single pages. Not covered: sealing, swap, splits of folios
 * that are partly mapped by other processes.
 */
import { ERRNO, type FrameTable, PAGE_BYTES, type Status } from '@sda-lab/guest-memory';
import type { FrameBytes } from './frame-bytes.ts';

export interface FolioShape {
  /** 1, or 512 for 2 MiB. */
  readonly pages: number;
  /** Huge pages of hugetlbfs are never split; transparent ones are, unless pinned. */
  readonly isHugetlb: boolean;
}

export const SINGLE_PAGES: FolioShape = { pages: 1, isHugetlb: false };

/** What fallocate accepts before it looks at the file: offsets and lengths are signed, and no length is 0. */
export function isFileRange(offset: bigint, size: bigint): boolean {
  const negative = 1n << 63n;
  return offset < negative && size > 0n && size < negative;
}

export class MemoryFile {
  readonly folio: FolioShape;
  #frames: Int32Array;
  /** 1: allocated by fallocate and not yet touched, so that faults around do not map it. */
  readonly #untouched = new Set<number>();
  /** Folios that were split into single pages. */
  readonly #split = new Set<number>();
  readonly #table: FrameTable;
  readonly #bytes: FrameBytes;
  /** Told when a page leaves the cache, so that page tables drop it. */
  readonly #onRemoved: (page: number, frame: number) => void;
  /** Told when page tables drop what they have of the file from a page on. */
  readonly #onUnmapped: (firstPage: number) => void;

  constructor(
    table: FrameTable,
    bytes: FrameBytes,
    pageCount: number,
    folio: FolioShape,
    mappings: {
      readonly removed: (page: number, frame: number) => void;
      readonly unmapped: (firstPage: number) => void;
    },
  ) {
    this.#table = table;
    this.#bytes = bytes;
    this.#frames = new Int32Array(pageCount);
    this.folio = folio;
    this.#onRemoved = mappings.removed;
    this.#onUnmapped = mappings.unmapped;
  }

  get pageCount(): number {
    return this.#frames.length;
  }

  /** The cached frame, or 0. */
  peek(page: number): number {
    return this.#frames[page] ?? 0;
  }

  isMappableAround(page: number): boolean {
    return this.peek(page) !== 0 && !this.#untouched.has(page);
  }

  /** The frame of a page a fault or pin needs; a hole is filled, by its whole folio. */
  touch(page: number): number {
    if (this.#frames[page] === 0) this.#fill(page);
    this.#untouched.delete(page);
    return this.#frames[page]!;
  }

  /** fallocate without PUNCH_HOLE. */
  allocate(offset: bigint, size: bigint): Status {
    if (!isFileRange(offset, size)) return -ERRNO.EINVAL;
    const first = Number(offset / BigInt(PAGE_BYTES));
    const end = Number((offset + size + BigInt(PAGE_BYTES) - 1n) / BigInt(PAGE_BYTES));
    if (end > this.#frames.length) this.#resize(end);
    for (let page = first; page < end; page += 1) {
      // Allocating what only an earlier allocation made is a touch like any other.
      const isHole = this.#frames[page] === 0;
      if (isHole) this.#fill(page);
      if (isHole) this.#untouched.add(page);
      else this.#untouched.delete(page);
    }
    return 0;
  }

  /**
   * fallocate with PUNCH_HOLE: whole pages go, parts of pages are zeroed where they are. A hole that ends inside page 0
   * makes the kernel compute a last byte of -1 and drop the page table entries of the whole file (but for page 0 when
   * the hole begins inside it); the pages stay cached. Seen on Linux 6.18.
   */
  punch(offset: bigint, size: bigint): Status {
    if (!isFileRange(offset, size)) return -ERRNO.EINVAL;
    const fileEnd = BigInt(this.#frames.length * PAGE_BYTES);
    if (offset + size < BigInt(PAGE_BYTES)) this.#onUnmapped(offset === 0n ? 0 : 1);
    const first = Number(offset < fileEnd ? offset : fileEnd);
    const end = Number(offset + size < fileEnd ? offset + size : fileEnd);
    const folioBytes = this.folio.pages * PAGE_BYTES;
    for (let at = first; at < end; ) {
      const folio = Math.floor(at / folioBytes);
      const stop = Math.min(end, (folio + 1) * folioBytes);
      this.#punchFolio(folio, at, stop);
      at = stop;
    }
    return 0;
  }

  /** The last reference is gone: every page is dropped. */
  close(): void {
    for (let page = 0; page < this.#frames.length; page += 1) this.#remove(page);
  }

  #punchFolio(folio: number, first: number, end: number): void {
    const firstPage = folio * this.folio.pages;
    const isWhole = end - first === this.folio.pages * PAGE_BYTES;
    const isSplit = this.folio.pages === 1 || this.#split.has(folio);
    if (isWhole) this.#split.delete(folio);
    if (isWhole || isSplit || this.#trySplit(folio)) {
      const firstWhole = Math.ceil(first / PAGE_BYTES);
      const endWhole = Math.floor(end / PAGE_BYTES);
      this.#zero(first, Math.min(end, firstWhole * PAGE_BYTES));
      for (let page = firstWhole; page < endWhole; page += 1) this.#remove(page);
      if (endWhole >= firstWhole) this.#zero(endWhole * PAGE_BYTES, end);
      return;
    }
    if (this.#frames[firstPage] !== 0) this.#zero(first, end);
  }

  /** A transparent huge page splits unless one of its pages is pinned. */
  #trySplit(folio: number): boolean {
    if (this.folio.isHugetlb) return false;
    const firstPage = folio * this.folio.pages;
    for (let page = firstPage; page < firstPage + this.folio.pages; page += 1) {
      const frame = this.#frames[page] ?? 0;
      if (frame !== 0 && this.#table.pins(frame) > 0) return false;
    }
    this.#split.add(folio);
    return true;
  }

  #zero(first: number, end: number): void {
    for (let at = first; at < end; ) {
      const page = Math.floor(at / PAGE_BYTES);
      const stop = Math.min(end, (page + 1) * PAGE_BYTES);
      const frame = this.#frames[page]!;
      if (frame !== 0) this.#bytes.zero(frame, at - page * PAGE_BYTES, stop - page * PAGE_BYTES);
      at = stop;
    }
  }

  #fill(page: number): void {
    const folio = Math.floor(page / this.folio.pages);
    if (this.folio.pages === 1 || this.#split.has(folio)) {
      this.#frames[page] = this.#table.allocate('shared');
      return;
    }
    const firstPage = folio * this.folio.pages;
    const end = Math.min(this.#frames.length, firstPage + this.folio.pages);
    for (let at = firstPage; at < end; at += 1) {
      if (this.#frames[at] === 0) this.#frames[at] = this.#table.allocate('shared');
    }
  }

  #remove(page: number): void {
    const frame = this.#frames[page]!;
    if (frame === 0) return;
    this.#frames[page] = 0;
    this.#untouched.delete(page);
    this.#onRemoved(page, frame);
    this.#table.unback(frame);
  }

  #resize(pageCount: number): void {
    const frames = new Int32Array(pageCount);
    frames.set(this.#frames);
    this.#frames = frames;
  }
}
