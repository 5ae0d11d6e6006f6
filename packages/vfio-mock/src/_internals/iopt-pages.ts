// SPDX-License-Identifier: MIT
/**
 * The pages one MAP names: a linear array of process or file pages, pinned where at least one area of a domain covers
 * them, each once however many areas share it. Source: Linux 7.2.13 drivers/iommu/iommufd/pages.c (iopt_pages).
 */
import { ERRNO, PAGE_BYTES, type Status } from '@sda-lab/guest-memory';
import { PAGE } from '../geometry.ts';
import type { ByteSource } from '../ioctl/area-space.ts';
import type { KernelMemory } from '../kernel-memory.ts';
import type { Pinner } from './pinner.ts';

export class IoptPages {
  /** Byte of the first page that the MAP began at. */
  readonly startByte: number;
  readonly writable: boolean;
  readonly source: ByteSource;
  readonly #frames: Map<number, number> = new Map();
  readonly #uses: Map<number, number> = new Map();
  readonly #pinner: Pinner;
  readonly #memory: KernelMemory;
  readonly #firstPage: number;
  readonly #charged: boolean;

  constructor(pinner: Pinner, memory: KernelMemory, source: ByteSource, writable: boolean) {
    const address = source.kind === 'user' ? source.va : source.start;
    this.startByte = Number(address % PAGE);
    this.#firstPage = Number(address / PAGE);
    this.source = source;
    this.writable = writable;
    this.#pinner = pinner;
    this.#memory = memory;
    this.#charged = pinner.charges;
  }

  /** Process or file page of a page index, for the cost counters. */
  hostPage(index: number): number {
    return this.#firstPage + index;
  }

  frame(index: number): number {
    return this.#frames.get(index) ?? 0;
  }

  /** One more area of a domain covers [first, first + count): what is not pinned yet is, or nothing changes. */
  fill(first: number, count: number, driverStatus: Status): Status {
    const fresh: number[] = [];
    for (let index = first; index < first + count; index += 1) {
      if (!this.#uses.has(index)) fresh.push(index);
    }
    const sink = {
      set: (at: number, frame: number): void => void this.#frames.set(fresh[at]!, frame),
      get: (at: number): number => this.#frames.get(fresh[at]!)!,
    };
    const pinPage = (at: number): number => this.#pinPage(fresh[at]!, first + count);
    const status = this.#pinner.pin(sink, 0, fresh.length, pinPage, driverStatus);
    if (status !== 0) {
      for (const index of fresh) this.#frames.delete(index);
      return status;
    }
    for (let index = first; index < first + count; index += 1) {
      this.#uses.set(index, (this.#uses.get(index) ?? 0) + 1);
    }
    return 0;
  }

  unfill(first: number, count: number): void {
    for (let index = first; index < first + count; index += 1) {
      const uses = this.#uses.get(index)! - 1;
      if (uses > 0) {
        this.#uses.set(index, uses);
        continue;
      }
      this.#uses.delete(index);
      this.#pinner.unpin(this.#frames.get(index)!, this.#charged);
      this.#frames.delete(index);
    }
  }

  #pinPage(index: number, end: number): number {
    const page = this.#firstPage + index;
    if (this.source.kind === 'user') return this.#memory.pinPage(page, this.writable);
    return this.#memory.pinFilePage?.(this.source.fd, page, this.#firstPage + end) ?? -ERRNO.EINVAL;
  }
}

/** Page indexes that `length` bytes from `startByte` touch. */
export function pagesTouched(startByte: number, length: bigint): { first: number; count: number } {
  const first = Math.floor(startByte / PAGE_BYTES);
  const last = Number((BigInt(startByte) + length - 1n) / PAGE);
  return { first, count: last - first + 1 };
}
