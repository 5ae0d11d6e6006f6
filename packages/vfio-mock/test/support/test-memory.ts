// SPDX-License-Identifier: MIT
import { ERRNO, FrameTable } from '@sda-lab/guest-memory';
import type { KernelMemory } from '@sda-lab/vfio-mock';

/** Process memory of `pageCount` pages from page 0, all holes; pages in `bad` cannot be pinned. */
export class TestMemory implements KernelMemory {
  readonly frames: FrameTable = new FrameTable();
  readonly bad: Set<number>;
  readonly #pages: Int32Array;

  constructor(pageCount: number, bad: Iterable<number> = []) {
    this.#pages = new Int32Array(pageCount);
    this.bad = new Set(bad);
  }

  pinPage(hostPage: number): number {
    if (hostPage >= this.#pages.length || this.bad.has(hostPage)) return -ERRNO.EFAULT;
    const frame = (this.#pages[hostPage] ||= this.frames.allocate('shared'));
    this.frames.pin(frame);
    return frame;
  }

  peekPage(hostPage: number): number {
    return this.#pages[hostPage] ?? 0;
  }

  /** A hole is punched: the next touch gets another frame. */
  punch(hostPage: number): void {
    const frame = this.#pages[hostPage]!;
    if (frame === 0) return;
    this.#pages[hostPage] = 0;
    this.frames.unback(frame);
  }

  /** Mapped file, page by page; fd 3 is the whole memory, nothing else is open. */
  pinFilePage(fd: number, filePage: number): number {
    return fd === 3 && filePage < this.#pages.length ? this.pinPage(filePage) : -ERRNO.EINVAL;
  }

  checkFile(fd: number): number {
    return fd === 3 ? 0 : -ERRNO.EBADF;
  }
}
