// SPDX-License-Identifier: MIT
/**
 * What the device decides and in which order it carries things out: one function per decision. The only part of the
 * device that calls the strategy and the host, and a parameter of it, so that a mistake can be written down as a few
 * lines and tried. Steps reach each other through `state.steps`, so a replaced one is used everywhere.
 *
 *   plug        prealloc -> memslots activated -> willPlug -> bits -> size -> plugged
 *               refused: plugAborted (if asked) -> empty memslots deactivated -> RAM discarded
 *   unplug      willUnplug -> RAM discarded -> discarded -> bits -> size -> unplugged -> empty memslots deactivated
 *   unplug-all  willUnplugAll -> all RAM discarded -> discardedAll -> bits -> size -> unplugged -> memslots deactivated
 *                                                                  discard failed: unplugAborted
 *   restore     bits -> size -> prealloc -> memslots activated -> loaded
 *
 * Bits change right before the last event, and the plugged size with them, so whoever asks during an earlier event
 * gets the OLD state. QEMU has no event after its bits; there `plugged` and `unplugged` are the return of the request.
 * `restore` is the exception: nobody is asked, the bits are there first.
 * Source: QEMU 10.2.2 hw/virtio/virtio-mem.c, virtio_mem_set_block_state, virtio_mem_unplug_all and
 * virtio_mem_post_load_early; 11.1 ram_block_discard_range for the punch of guest_memfd.
 */
import type { PlugSource, Status } from '@sda-lab/guest-memory';
import { refusal } from './_internals/answer.ts';
import { discardBlocks, isPlugged, pageRange, type BlockRange, type DeviceState } from './_internals/device-state.ts';
import { findBlocks } from './_internals/find-blocks.ts';
import { activateMemslots, emptiedMemslots } from './_internals/memslots.ts';
import { plug, takeBackPlug } from './_internals/plug.ts';
import { restoreBlocks, tellLoaded } from './_internals/restore.ts';
import { unplug } from './_internals/unplug.ts';
import { resetSystem, unplugAll } from './_internals/unplug-all.ts';
import type { Answer, RangeRequest } from './protocol.ts';
import type { LoadConditions, SavedBlocks } from './saved-state.ts';

/** What the strategy is asked before something happens; it may refuse. */
export type Question = 'willPlug' | 'willUnplug' | 'willUnplugAll';

/** What the strategy is told when something has happened. */
export type News = 'plugAborted' | 'plugged' | 'unplugAborted' | 'discarded' | 'unplugged' | 'discardedAll';

/** `wake-up` is the end of a suspend to RAM; the memory must outlive it. */
export type ResetKind = 'cold' | 'wake-up';

export interface DeviceSteps {
  /** The blocks a request names; undefined is answered with ERROR. */
  findBlocks(state: DeviceState, request: RangeRequest): BlockRange | undefined;
  /** Why a change is refused before anybody is asked, in QEMU's order of checks; undefined to carry it out. */
  refusal(state: DeviceState, type: 'PLUG' | 'UNPLUG', range: BlockRange): Answer | undefined;
  /** What the device answers to whoever asks about pages. */
  isPlugged(state: DeviceState, firstPage: number, endPage: number): boolean;

  /** These three return whether the request was carried out; if not, the guest is told BUSY and all is as before. */
  plug(state: DeviceState, source: PlugSource, range: BlockRange): boolean;
  unplug(state: DeviceState, source: PlugSource, range: BlockRange): boolean;
  unplugAll(state: DeviceState, source: PlugSource): boolean;
  reset(state: DeviceState, source: PlugSource, kind: ResetKind): void;
  /** A saved bitmap comes into force. A refusal ends the incoming migration, and the device with it. */
  restore(state: DeviceState, source: PlugSource, saved: SavedBlocks, conditions: LoadConditions): Status;

  prealloc(state: DeviceState, range: BlockRange): Status;
  /** Every inactive memslot of the range becomes active; stops at the first refusal. */
  activate(state: DeviceState, source: PlugSource, range: BlockRange): Status;
  /** Active memslots of the range without a plugged block: they will be deactivated. */
  emptiedMemslots(state: DeviceState, range: BlockRange): readonly number[];
  ask(state: DeviceState, source: PlugSource, question: Question, range: BlockRange): Status;
  tell(state: DeviceState, source: PlugSource, news: News, range: BlockRange): void;
  tellLoaded(state: DeviceState, source: PlugSource): Status;
  mark(state: DeviceState, range: BlockRange, isPlugged: boolean): void;
  resize(state: DeviceState, pluggedBlocks: number): void;
  /** Frees the RAM of blocks that are unplugged. */
  discard(state: DeviceState, range: BlockRange): Status;
  /** What a refused plug may have left: memslots, and RAM that prealloc or pinning filled. */
  takeBackPlug(state: DeviceState, range: BlockRange): void;
}

export const QEMU_STEPS: DeviceSteps = {
  findBlocks,
  refusal,
  isPlugged,
  plug,
  unplug,
  unplugAll,
  reset: resetSystem,
  restore: restoreBlocks,
  prealloc: (state, range) => state.prealloc?.(pageRange(state, range)) ?? 0,
  activate: activateMemslots,
  emptiedMemslots,
  ask: (state, source, question, range) => state.events[question](source, pageRange(state, range)),
  tell: (state, source, news, range) => state.events[news](source, pageRange(state, range)),
  tellLoaded,
  mark: ({ bits }, range, toPlugged) => bits.assign(range.firstBlock, range.endBlock, toPlugged),
  resize: (state, pluggedBlocks) => {
    state.pluggedBlocks = pluggedBlocks;
  },
  discard: discardBlocks,
  takeBackPlug,
};
