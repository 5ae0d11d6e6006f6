// SPDX-License-Identifier: MIT
import type { PageRange } from '../ram-block.ts';
import type { Status } from '../status.ts';

/**
 * Who decides whether pages of a block are plugged; a virtio-mem device is one.
 * During an operation it answers the OLD state up to the last event (`plugged`, `unplugged`), as virtio-mem sets its
 * bitmap last (QEMU 10.2.2 hw/virtio/virtio-mem.c).
 */
export interface PlugSource {
  readonly name: string;
  readonly granulePages: number;
  /** Whether every page of the half-open range is plugged. */
  isPlugged(firstPage: number, endPage: number): boolean;
}

/**
 * What a plug source tells the strategy, in this order per request:
 *   plug:   willPlug -> (refused: plugAborted) | plugged
 *   unplug: willUnplug -> (refused: nothing more) -> [RAM discarded] -> discarded -> unplugged
 *           willUnplug -> [discard failed] -> unplugAborted
 * `willPlug` fires before the memory is used and before the source's own state changes; a refusal ends the request
 * with BUSY. `willUnplug` fires before the RAM is discarded and may refuse likewise; stock RDM designs do nothing in
 * it and unmap in `discarded`, which cannot refuse.
 *
 * A source with dynamic memslots shows a memslot to the guest only while something is plugged in it:
 *   plug:   [section added, consumers subscribed] -> slotAdded, per memslot -> willPlug -> as above
 *   unplug: as above -> unplugged -> [consumers unsubscribed, section removed]
 *
 * A source that comes back from a saved state (an incoming migration) fires `loaded` once and nothing else: it is
 * neither a plug, which asks before the source's state changes, nor told block by block.
 */
export interface PlugEvents {
  /**
   * Two-backend regime: KVM got a slot for pages with guest_memfd that nothing uses yet, and its attributes say private
   * for all of them, whatever the guest had converted there before (QEMU kvm_set_phys_mem). Stock designs do not
   * listen. In place the side belongs to guest_memfd, survives the slot, and nothing is told.
   */
  slotAdded(source: PlugSource, range: PageRange): void;
  willPlug(source: PlugSource, range: PageRange): Status;
  plugAborted(source: PlugSource, range: PageRange): void;
  plugged(source: PlugSource, range: PageRange): void;
  willUnplug(source: PlugSource, range: PageRange): Status;
  unplugAborted(source: PlugSource, range: PageRange): void;
  discarded(source: PlugSource, range: PageRange): void;
  unplugged(source: PlugSource, range: PageRange): void;
  /** Before unplug-all of the whole block; `discardedAll` and `unplugged` follow. May refuse. */
  willUnplugAll(source: PlugSource, range: PageRange): Status;
  /** After unplug-all discarded the whole block: stock designs tell each listener its complete section. */
  discardedAll(source: PlugSource, range: PageRange): void;
  /**
   * Restored: what `plugged` walks inside the range (the complete block) is plugged from now on. `isPlugged` answers by
   * the usable region as well, which an early saved state does not carry yet (QEMU 10.2.2 walks the bitmap; 11.1 asks
   * each source instead). A refusal ends the incoming migration.
   */
  loaded(source: PlugSource, range: PageRange, plugged: ForEachPluggedRun): Status;
}

/** Maximal plugged runs of [firstPage, endPage), ascending; a non-zero answer of `emit` stops and is returned. */
export type ForEachPluggedRun = (
  firstPage: number,
  endPage: number,
  emit: (first: number, end: number) => Status,
) => Status;
