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
 */
export interface PlugEvents {
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
}
