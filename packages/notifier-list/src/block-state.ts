// SPDX-License-Identifier: MIT
/**
 * The state that design 1 has to own because a notifier list has none: which pages of a block are shared, and the
 * block's virtio-mem with its own stock RamDiscardManager, which stays as it is in QEMU.
 */
import { Bitmap, type Condition } from '@sda-lab/core-bitmap';
import type { PlugSource, RamBlock, Side, Status } from '@sda-lab/guest-memory';
import { type ForEachRun, RamDiscardManager } from '@sda-lab/rdm-manager/stock';

export interface PluggedState {
  readonly source: PlugSource;
  readonly manager: RamDiscardManager;
}

export class BlockState {
  readonly block: RamBlock;
  /** 1 = shared. Starts all private, as the KVM attributes do. */
  readonly shared: Bitmap;
  plugged: PluggedState | undefined = undefined;

  constructor(block: RamBlock) {
    this.block = block;
    this.shared = new Bitmap(block.pageCount);
    if (!block.hasGuestMemfd) this.shared.set(0, block.pageCount);
  }

  /** What holds of a page that is on a side. */
  isOn(side: Side): Condition {
    return { bits: this.shared, is: side === 'shared' };
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
      { granulePages: source.granulePages, forEachPopulatedRun: pluggedRuns(source) },
      { rollback: 'earlier', registrationFailure: 'report', exit: () => undefined },
    );
    this.plugged = { source, manager };
    return this.plugged;
  }
}

/** Maximal plugged runs, asked granule by granule. */
function pluggedRuns(source: PlugSource): ForEachRun {
  return (firstPage, endPage, emit) => {
    let runFirst = -1;
    for (let page = firstPage; page < endPage; ) {
      const end = Math.min(page - (page % source.granulePages) + source.granulePages, endPage);
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
