// SPDX-License-Identifier: MIT
/**
 * The memory of a recording process: one region at a fixed address (shared or private mapping of a memfd, or
 * anonymous), its page table, what the CPU, madvise, fallocate and long-term pins do to it, and the recorder's bounce
 * page.
 *
 * Lifecycle: `replace` maps a new region and drops the old one; frames that are pinned outlive that. A page table
 * entry names the cached frame of the file, a frame of the process's own (after copy-on-write, or anonymous), or the
 * zero page.
 *
 * Source: Linux 7.2.13 mm/memory.c (faults, fault-around of 64 KiB), mm/gup.c (pins), mm/madvise.c; recordings stale-*,
 * mock-mapf and memory-6.18. Not covered: several regions, mlock, userfaultfd, swap.
 */
import { ERRNO, PAGE_BYTES, type Status } from '@sda-lab/guest-memory';
import { ADDRESS_END } from '../geometry.ts';
import type { KernelMemory } from '../kernel-memory.ts';
import { FrameBytes } from './frame-bytes.ts';
import { LiveFrames } from './live-frames.ts';
import { type FolioShape, MemoryFile, SINGLE_PAGES } from './memory-file.ts';

export type MemoryKind = 'shared' | 'private' | 'anon';
export type Advice = 'dontneed' | 'remove' | 'populate';

/** Where the region lies, as aligned as anyone may ask; a recording never names it. */
export const REGION_ADDRESS = 0x1000_0000_0000n;
/** The recorder's own page that a device reads and writes through. */
export const BOUNCE_ADDRESS = 0x3000_0000_0000n;
const REGION_PAGE = Number(REGION_ADDRESS / BigInt(PAGE_BYTES));
const BOUNCE_PAGE = Number(BOUNCE_ADDRESS / BigInt(PAGE_BYTES));
const FAULT_AROUND_PAGES = 16;

/** The address of a byte of the region as a recorder computes it: pointers wrap at 2^64. */
export function regionAddress(offset: bigint): bigint {
  return (REGION_ADDRESS + offset) % ADDRESS_END;
}

/** File descriptors a recording can map from. */
export const MEMFD = 3;
export const GUEST_MEMFD = 4;

export class ProcessMemory implements KernelMemory {
  readonly frames: LiveFrames = new LiveFrames();
  readonly bytes: FrameBytes = new FrameBytes(this.frames);
  /** Whether the guest_memfd of a VM is open; nothing can be pinned from it. */
  hasGuestMemfd = false;
  readonly #readPinBreaksCow: boolean;
  readonly #zeroFrame: number;
  readonly #bounceFrame: number;
  #kind: MemoryKind = 'anon';
  #file: MemoryFile | undefined = undefined;
  /** Frame per page of the region; 0 is not present. */
  #entries = new Int32Array(0);
  /** 1: the entry's frame is the process's own, not the file's and not the zero page. */
  #isOwn = new Uint8Array(0);

  constructor(readPinBreaksCow: boolean) {
    this.#readPinBreaksCow = readPinBreaksCow;
    this.#zeroFrame = this.frames.allocate('shared');
    this.#bounceFrame = this.frames.allocate('shared');
  }

  get pageCount(): number {
    return this.#entries.length;
  }

  /** mmap of a new region in the place of the old one. */
  replace(kind: MemoryKind, sizeBytes: number, folio: FolioShape = SINGLE_PAGES): void {
    this.#drop(0, this.#entries.length);
    const old = this.#file;
    this.#file = undefined;
    old?.close();
    const pageCount = Math.ceil(sizeBytes / PAGE_BYTES);
    this.#kind = kind;
    this.#entries = new Int32Array(pageCount);
    this.#isOwn = new Uint8Array(pageCount);
    if (kind === 'anon') return;
    this.#file = new MemoryFile(this.frames, this.bytes, pageCount, folio, {
      removed: (page, frame) => {
        if (this.#entries[page] === frame) this.#entries[page] = 0;
      },
      unmapped: (firstPage) => {
        for (let page = firstPage; page < pageCount; page += 1) {
          if (this.#isOwn[page] === 0) this.#entries[page] = 0;
        }
      },
    });
  }

  pinPage(hostPage: number, write: boolean): number {
    if (hostPage === BOUNCE_PAGE) return this.#pinned(this.#bounceFrame);
    const page = hostPage - REGION_PAGE;
    if (!this.#isInside(page)) return -ERRNO.EFAULT;
    if (write) return this.#pinned(this.#faultForWrite(page));
    const frame = this.#faultForRead(page);
    const needsOwn = this.#kind !== 'shared' && this.#isOwn[page] === 0 && this.#readPinBreaksCow;
    return this.#pinned(needsOwn ? this.#copyOnWrite(page) : frame);
  }

  peekPage(hostPage: number): number {
    if (hostPage === BOUNCE_PAGE) return this.#bounceFrame;
    const page = hostPage - REGION_PAGE;
    if (!this.#isInside(page)) return 0;
    return this.#entries[page] || (this.#file?.peek(page) ?? 0);
  }

  isReservedFrame(frame: number): boolean {
    return frame === this.#zeroFrame;
  }

  checkFile(fd: number): Status {
    const isOpen = fd === MEMFD ? this.#file !== undefined : fd === GUEST_MEMFD && this.hasGuestMemfd;
    return isOpen ? 0 : -ERRNO.EBADF;
  }

  pinFilePage(fd: number, filePage: number, endPage: number = filePage + 1): number {
    const file = fd === MEMFD ? this.#file : undefined;
    if (file === undefined || endPage > file.pageCount) return -ERRNO.EINVAL;
    return this.#pinned(file.touch(filePage));
  }

  /** The frame a page table entry names: 0 while not present. */
  entry(page: number): number {
    return this.#entries[page] ?? 0;
  }

  /** The frame a read by the CPU (or a short pin) finds, faulted in; -EFAULT outside the region. */
  faultForRead(hostPage: number): number {
    if (hostPage === BOUNCE_PAGE) return this.#bounceFrame;
    const page = hostPage - REGION_PAGE;
    return this.#isInside(page) ? this.#faultForRead(page) : -ERRNO.EFAULT;
  }

  faultForWrite(hostPage: number): number {
    if (hostPage === BOUNCE_PAGE) return this.#bounceFrame;
    const page = hostPage - REGION_PAGE;
    return this.#isInside(page) ? this.#faultForWrite(page) : -ERRNO.EFAULT;
  }

  punch(offset: bigint, size: bigint): Status {
    return this.#file === undefined ? -ERRNO.EBADF : this.#file.punch(offset, size);
  }

  allocate(offset: bigint, size: bigint): Status {
    return this.#file === undefined ? -ERRNO.EBADF : this.#file.allocate(offset, size);
  }

  /** madvise over the region; what lies outside it answers -ENOMEM after the inside was advised. */
  advise(offset: bigint, size: bigint, advice: Advice): Status {
    const page = BigInt(PAGE_BYTES);
    if (offset % page !== 0n) return -ERRNO.EINVAL;
    const pages = (size + page - 1n) / page;
    if (pages === 0n) return 0;
    if (pages * page >= ADDRESS_END || regionAddress(offset) + pages * page >= ADDRESS_END) {
      return -ERRNO.EINVAL;
    }
    const first = offset / page;
    const end = first + pages;
    const regionEnd = BigInt(this.#entries.length);
    const insideEnd = end < regionEnd ? end : regionEnd;
    const isOutside = end > regionEnd;
    if (first < insideEnd) {
      const status = this.#adviseInside(Number(first), Number(insideEnd), advice);
      if (status !== 0) return status;
    }
    return isOutside ? -ERRNO.ENOMEM : 0;
  }

  #adviseInside(first: number, end: number, advice: Advice): Status {
    switch (advice) {
      case 'dontneed':
        this.#drop(first, end);
        return 0;
      case 'populate':
        for (let page = first; page < end; page += 1) this.#faultForWrite(page);
        return 0;
      case 'remove': {
        if (this.#file === undefined) return -ERRNO.EINVAL;
        if (this.#kind === 'private') return -ERRNO.EACCES;
        return this.#file.punch(BigInt(first * PAGE_BYTES), BigInt((end - first) * PAGE_BYTES));
      }
    }
  }

  #isInside(page: number): boolean {
    return page >= 0 && page < this.#entries.length;
  }

  #pinned(frame: number): number {
    if (frame > 0) this.frames.pin(frame);
    return frame;
  }

  #faultForRead(page: number): number {
    const present = this.#entries[page]!;
    if (present !== 0) return present;
    if (this.#file === undefined) {
      this.#entries[page] = this.#zeroFrame;
      return this.#zeroFrame;
    }
    this.#faultAround(page, this.#file);
    return (this.#entries[page] = this.#file.touch(page));
  }

  #faultForWrite(page: number): number {
    if (this.#kind === 'shared') return (this.#entries[page] = this.#file!.touch(page));
    return this.#isOwn[page] === 1 ? this.#entries[page]! : this.#copyOnWrite(page);
  }

  /** A frame of the process's own takes over from the file's page or the zero page. */
  #copyOnWrite(page: number): number {
    const own = this.frames.allocate('shared');
    if (this.#file !== undefined) this.bytes.copy(this.#file.touch(page), own);
    this.#entries[page] = own;
    this.#isOwn[page] = 1;
    return own;
  }

  /** A read fault on a file maps what the cache already has in the aligned 64 KiB around it. */
  #faultAround(page: number, file: MemoryFile): void {
    const first = page - (page % FAULT_AROUND_PAGES);
    const end = Math.min(this.#entries.length, first + FAULT_AROUND_PAGES);
    for (let at = first; at < end; at += 1) {
      if (this.#entries[at] === 0 && file.isMappableAround(at)) this.#entries[at] = file.peek(at);
    }
  }

  /** Page table entries go; frames of the process's own with them, the file's pages stay cached. */
  #drop(first: number, end: number): void {
    for (let page = first; page < end; page += 1) {
      if (this.#isOwn[page] === 1) this.frames.unback(this.#entries[page]!);
      this.#entries[page] = 0;
      this.#isOwn[page] = 0;
    }
  }
}
