// SPDX-License-Identifier: MIT
/**
 * Pins the pages behind one mapping and charges them, the two ways kernels do it. What cannot be pinned or charged
 * whole is not pinned at all; holes it populated on the way stay populated.
 *
 * type1 pins 512 pages, then charges them page by page; so of a bad page and an exceeded limit, the one at the lower
 * address answers, and pages of the batch behind it were populated. iommufd pins all, then charges: a bad page always
 * answers before the limit. Source: Linux 7.2.13 vfio_iommu_type1.c vfio_pin_pages_remote, iommufd/pages.c
 * pfn_reader; recording lockorder-mock-7.2own.
 *
 * `pinRun` is the same for many mappings of equal size, page by page, as far as nothing refuses; whoever uses it goes on
 * with `pin`, which then meets the refusal.
 */
import { ERRNO, type Status } from '@sda-lab/guest-memory';
import type { KernelMemory } from '../kernel-memory.ts';
import type { ProcessAccount } from '../process-account.ts';

const TYPE1_BATCH_PAGES = 512;

/** Where the frames of a mapping are put, by page of the mapping. */
export interface FrameSink {
  set(page: number, frame: number): void;
  get(page: number): number;
}

/** Where the frames of many mappings are put. */
export interface RunSink {
  setRun(firstPage: number, endPage: number, frame: number): void;
  takeRun(firstPage: number, endPage: number, tell: (frame: number, count: number) => void): void;
}

/** Process memory behind mappings of equal size, the last one possibly shorter. */
export interface PinnedRun {
  readonly firstPage: number;
  readonly hostPage: number;
  readonly pageCount: number;
  readonly granulePages: number;
}

/** Pins page `index` of what is mapped: a frame, or a negated errno. */
export type PinPage = (index: number) => number;

export class Pinner {
  readonly #memory: KernelMemory;
  readonly #account: ProcessAccount;
  readonly #style: 'mm-batched' | 'user-whole' | 'none';
  /** Whether there are frames that are pinned and not counted. */
  readonly #hasReserved: boolean;

  constructor(
    memory: KernelMemory,
    account: ProcessAccount,
    style: 'mm-batched' | 'user-whole' | 'none',
  ) {
    this.#memory = memory;
    this.#account = account;
    this.#style = style;
    this.#hasReserved = memory.isReservedFrame !== undefined;
  }

  /** Whether a mapping made now would be charged to the user (iommufd without CAP_IPC_LOCK). */
  get charges(): boolean {
    return this.#style === 'user-whole' && !this.#account.capIpcLock;
  }

  /**
   * Pins `count` pages into sink[first...]; answers the first refusal after undoing everything. `driverStatus` is what
   * the IOMMU driver answers once the pages are there (iommufd; 0 unless it cannot express the rights).
   */
  pin(
    sink: FrameSink,
    first: number,
    count: number,
    pinPage: PinPage,
    driverStatus: Status = 0,
  ): Status {
    return this.#style === 'user-whole'
      ? this.#pinWhole(sink, first, count, pinPage, driverStatus)
      : this.#pinBatched(sink, first, count, pinPage);
  }

  /** Whether `pinRun` does anything. */
  get pinsRuns(): boolean {
    return this.#memory.pinPages !== undefined && !this.#hasReserved;
  }

  /** Pins the mappings up to the first that might be refused; answers their pages. What holes it filled stay filled. */
  pinRun(sink: RunSink, { firstPage, hostPage, pageCount, granulePages }: PinnedRun, write: boolean): number {
    const room = this.#room();
    const wanted = room >= pageCount ? pageCount : Math.max(0, room - (room % granulePages));
    if (wanted === 0) return 0;
    const pinned = this.#memory.pinPages!(hostPage, wanted, write, (index, count, frame) =>
      sink.setRun(firstPage + index, firstPage + index + count, frame),
    );
    const whole = pinned === wanted ? pinned : pinned - (pinned % granulePages);
    const { frames } = this.#memory;
    sink.takeRun(firstPage + whole, firstPage + pinned, (frame, count) => frames.unpinRun(frame, count));
    this.charge(whole, this.charges ? whole : 0);
    return whole;
  }

  /** Gives back a pin of each of `count` frames of consecutive identity. */
  unpinRun(frame: number, count: number, charged: boolean): void {
    this.#memory.frames.unpinRun(frame, count);
    this.charge(-count, charged ? -count : 0);
  }

  /** Pages that may be pinned before a limit is exceeded. */
  #room(): number {
    const account = this.#account;
    if (this.#style === 'user-whole') return this.charges ? account.limitPages - account.userLockedVm : Infinity;
    return account.capIpcLock ? Infinity : account.limitPages - account.lockedVm;
  }

  /** Gives back one pin of a frame of a mapping. */
  unpin(frame: number, charged: boolean): void {
    this.#memory.frames.unpin(frame);
    if (this.#style === 'user-whole') {
      this.#account.pinnedVm -= 1;
      if (charged) this.#account.userLockedVm -= 1;
    } else if (!this.#isReserved(frame)) {
      this.#account.lockedVm -= 1;
    }
  }

  /** Charges mappings of `pages` pages that a loaded state has, or a left one had (negative); pins nothing. */
  charge(pages: number, chargedPages: number): void {
    if (this.#style === 'user-whole') {
      this.#account.pinnedVm += pages;
      this.#account.userLockedVm += chargedPages;
    } else {
      this.#account.lockedVm += pages;
    }
  }

  #pinWhole(
    sink: FrameSink,
    first: number,
    count: number,
    pinPage: PinPage,
    driverStatus: Status,
  ): Status {
    const account = this.#account;
    const { charges } = this;
    for (let index = 0; index < count; index += 1) {
      const frame = pinPage(index);
      if (frame < 0) {
        this.#drop(sink, first, index);
        return frame;
      }
      sink.set(first + index, frame);
    }
    const exceeds = charges && account.userLockedVm + count > account.limitPages;
    const refusal = driverStatus === 0 && exceeds ? -ERRNO.ENOMEM : driverStatus;
    if (refusal !== 0) {
      this.#drop(sink, first, count);
      return refusal;
    }
    account.pinnedVm += count;
    if (charges) account.userLockedVm += count;
    return 0;
  }

  #pinBatched(sink: FrameSink, first: number, count: number, pinPage: PinPage): Status {
    const account = this.#account;
    const limit = account.capIpcLock ? Infinity : account.limitPages;
    let charged = 0;
    for (let batch = 0; batch < count; batch += TYPE1_BATCH_PAGES) {
      const end = Math.min(count, batch + TYPE1_BATCH_PAGES);
      let index = batch;
      let refusal = 0;
      for (; index < end; index += 1) {
        const frame = pinPage(index);
        if (frame < 0) {
          refusal = frame;
          break;
        }
        sink.set(first + index, frame);
        if (!this.#isReserved(frame)) charged += 1;
      }
      if (charged > 0 && account.lockedVm + charged > limit) refusal = -ERRNO.ENOMEM;
      if (refusal !== 0) {
        this.#drop(sink, first, index);
        return refusal;
      }
    }
    account.lockedVm += charged;
    return 0;
  }

  #drop(sink: FrameSink, first: number, count: number): void {
    for (let page = first; page < first + count; page += 1) {
      this.#memory.frames.unpin(sink.get(page));
      sink.set(page, 0);
    }
  }

  #isReserved(frame: number): boolean {
    return this.#hasReserved && this.#memory.isReservedFrame!(frame);
  }
}
