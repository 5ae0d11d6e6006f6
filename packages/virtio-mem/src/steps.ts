// SPDX-License-Identifier: MIT
/**
 * The order in which a request that passed all checks is carried out. The only part of the device that calls the
 * strategy and the host, and a parameter of it, so that a wrong order can be written down as a few lines and tried.
 *
 *   plug        willPlug -> bits -> plugged                        refused: plugAborted -> RAM discarded
 *   unplug      willUnplug -> RAM discarded -> discarded -> bits -> unplugged
 *   unplug-all  willUnplugAll -> all RAM discarded -> discardedAll -> bits -> unplugged
 *                                                                  discard failed: unplugAborted
 *
 * Bits change right before the last event, and the plugged size with them, so whoever asks during an earlier event
 * gets the OLD state. QEMU has no event after its bits; there `plugged` and `unplugged` are the return of the request.
 * Source: QEMU 10.2.2 hw/virtio/virtio-mem.c, virtio_mem_set_block_state and virtio_mem_unplug_all;
 * 11.1 ram_block_discard_range for the punch of guest_memfd.
 */
import type { PlugSource } from '@sda-lab/guest-memory';
import { plug } from './_internals/plug.ts';
import { unplug } from './_internals/unplug.ts';
import { unplugAll } from './_internals/unplug-all.ts';
import type { BlockRange, DeviceState } from './_internals/device-state.ts';

/** Each returns whether the request was carried out; if not, the guest is told BUSY and the state is the old one. */
export interface DeviceSteps {
  plug(state: DeviceState, source: PlugSource, range: BlockRange): boolean;
  unplug(state: DeviceState, source: PlugSource, range: BlockRange): boolean;
  unplugAll(state: DeviceState, source: PlugSource): boolean;
}

export const QEMU_STEPS: DeviceSteps = { plug, unplug, unplugAll };
