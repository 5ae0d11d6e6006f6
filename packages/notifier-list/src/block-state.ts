// SPDX-License-Identifier: MIT
/**
 * The state that design 1 has to own because a notifier list has none: which pages of a block are shared, who follows it
 * with what mapped, and the block's virtio-mem with its own stock RamDiscardManager, which stays as it is in QEMU.
 */
import { Bitmap, type Condition } from '@sda-lab/core-bitmap';
import {
  type CostMeter,
  type FollowedBlock,
  Followers,
  type IsAllPrivate,
  type PlugSource,
  type RamBlock,
  type Side,
  type Status,
  type TrackerOptions,
} from '@sda-lab/guest-memory';
import { type ForEachRun, RamDiscardManager } from '@sda-lab/rdm-manager/stock';

export interface PluggedState {
  readonly source: PlugSource;
  readonly manager: RamDiscardManager;
}

export class BlockState implements FollowedBlock {
  readonly block: RamBlock;
  /** 1 = shared. Starts all private, as the KVM attributes do. */
  readonly shared: Bitmap;
  plugged: PluggedState | undefined = undefined;
  readonly followers: Followers;
  readonly #exit: (reason: string) => void;
  readonly #meter: CostMeter | undefined;
  /** What holds of a page that is on a side. Made once: every operation asks. */
  readonly isOn: Readonly<Record<Side, readonly Condition[]>>;
  readonly isAllPrivate: IsAllPrivate = (firstPage, endPage) => this.shared.allClear(firstPage, endPage);

  constructor(block: RamBlock, tracking: TrackerOptions, exit: (reason: string) => void = () => undefined) {
    this.block = block;
    this.#exit = exit;
    this.#meter = tracking.meter;
    this.shared = new Bitmap(block.pageCount);
    if (!block.hasGuestMemfd) this.shared.set(0, block.pageCount);
    this.followers = new Followers(tracking);
    this.isOn = { shared: [{ bits: this.shared, is: true }], private: [{ bits: this.shared, is: false }] };
  }

  get source(): PlugSource | undefined {
    return this.plugged?.source;
  }

  /** Nobody listens to its manager yet. */
  set source(source: PlugSource | undefined) {
    if (source === undefined) this.plugged = undefined;
    else this.takeSource(source);
  }

  /** Runs of plugged pages, from the stock manager; everything while the block has none. */
  forEachPluggedRun(
    firstPage: number,
    endPage: number,
    emit: (first: number, end: number) => Status,
  ): Status {
    if (this.plugged === undefined) return firstPage < endPage ? emit(firstPage, endPage) : 0;
    return this.plugged.manager.owner.forEachPopulatedRun(firstPage, endPage, emit);
  }

  /** virtio-mem's stock manager: bits set last, listeners told before a veto are told to discard. */
  takeSource(source: PlugSource): PluggedState {
    const manager = new RamDiscardManager(
      this.block,
      { granulePages: source.granulePages, forEachPopulatedRun: pluggedRuns(source, this.#meter) },
      { rollback: 'earlier', registrationFailure: 'report', exit: this.#exit },
    );
    this.plugged = { source, manager };
    return this.plugged;
  }
}

/** Maximal plugged runs, asked granule by granule. */
function pluggedRuns(source: PlugSource, meter: CostMeter | undefined): ForEachRun {
  return (firstPage, endPage, emit) => {
    let runFirst = -1;
    for (let page = firstPage; page < endPage; ) {
      const end = Math.min(page - (page % source.granulePages) + source.granulePages, endPage);
      if (meter !== undefined) meter.probes += 1;
      const isPlugged = source.isPlugged(page, end);
      if (isPlugged && runFirst === -1) runFirst = page;
      if (!isPlugged && runFirst !== -1) {
        const status = emit(runFirst, page);
        if (status !== 0) return status;
        runFirst = -1;
      }
      page = end;
    }
    return runFirst === -1 ? 0 : emit(runFirst, endPage);
  };
}
