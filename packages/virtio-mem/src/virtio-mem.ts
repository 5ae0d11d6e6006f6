// SPDX-License-Identifier: MIT
/**
 * A virtio-mem device: it owns which device blocks of one RAM block the guest may use, answers the guest's requests,
 * and tells a strategy through the plug port. It knows no strategy, no container and no side of a page.
 *
 * Lifecycle: created (realized: properties checked, the complete backend discarded, nothing plugged)
 *   -> requests of the guest, new requested sizes of the host, system resets, in any order.
 * A block is unplugged or plugged; only PLUG, UNPLUG, UNPLUG_ALL and a system reset change that.
 *
 * Source: QEMU 10.2.2 hw/virtio/virtio-mem.c; answers and order observed on 11.1.3.
 * Not covered: what a running migration carries over (`isMigrating` only makes the device BUSY), dynamic memslots,
 * prealloc, the config space, wake-up resets, unplugging the device itself, the count it takes in the discard
 * coordination (whoever builds the world takes it).
 */
import { statusText, type PlugSource } from '@sda-lab/guest-memory';
import { answer } from './_internals/answer.ts';
import { checkOptions, checkRequestedPages } from './_internals/check-options.ts';
import { createState, discardRange, growUsable, pageRange, type DeviceState } from './_internals/device-state.ts';
import { addressOf } from './_internals/find-blocks.ts';
import type { VirtioMemOptions } from './options.ts';
import type { Answer, GuestRequest, GuestResponse, RangeRequest } from './protocol.ts';
import { VirtioMemRefusal } from './refusal.ts';
import { QEMU_STEPS, type DeviceSteps } from './steps.ts';

/** Realizes a device with nothing plugged, or throws a VirtioMemRefusal. `steps` are replaced only to plant faults. */
export function createVirtioMem(options: VirtioMemOptions, steps: DeviceSteps = QEMU_STEPS): VirtioMem {
  checkOptions(options);
  const state = createState(options);
  const status = discardRange(state, pageRange(state, { firstBlock: 0, endBlock: state.blockCount }));
  if (status !== 0) {
    throw new VirtioMemRefusal('clean-slate-failed', {
      call: 'createVirtioMem',
      value: `discard of the complete block = ${statusText(status)}`,
      limit: 'must be 0',
      next: 'heal the host before the device is created',
    });
  }
  return new VirtioMem(options.name, state, steps);
}

export class VirtioMem implements PlugSource {
  readonly name: string;
  readonly granulePages: number;
  readonly #state: DeviceState;
  readonly #steps: DeviceSteps;
  #inRequest = false;

  /** Use createVirtioMem, which checks and discards first. */
  constructor(name: string, state: DeviceState, steps: DeviceSteps) {
    this.name = name;
    this.granulePages = state.blockPages;
    this.#state = state;
    this.#steps = steps;
  }

  get blockCount(): number {
    return this.#state.blockCount;
  }

  get pluggedPages(): number {
    return this.#state.pluggedBlocks * this.granulePages;
  }

  get requestedPages(): number {
    return this.#state.requestedBlocks * this.granulePages;
  }

  get usablePages(): number {
    return this.#state.usableBlocks * this.granulePages;
  }

  /** Rounds outward to device blocks; false for an empty range and for any part outside the usable region. */
  isPlugged(firstPage: number, endPage: number): boolean {
    if (firstPage < 0 || firstPage >= endPage) return false;
    const firstBlock = Math.floor(firstPage / this.granulePages);
    const endBlock = Math.ceil(endPage / this.granulePages);
    return endBlock <= this.#state.usableBlocks && this.#state.bits.allSet(firstBlock, endBlock);
  }

  /** One request as the guest sends it, carried out before this returns. */
  request(request: GuestRequest): GuestResponse {
    return this.#alone('request', () => answer(this.#state, this, this.#steps, request));
  }

  plug(firstBlock: number, blockCount: number): Answer {
    return this.#requestBlocks('PLUG', firstBlock, blockCount).answer;
  }

  unplug(firstBlock: number, blockCount: number): Answer {
    return this.#requestBlocks('UNPLUG', firstBlock, blockCount).answer;
  }

  unplugAll(): Answer {
    return this.request({ type: 'UNPLUG_ALL' }).answer;
  }

  queryState(firstBlock: number, blockCount: number): GuestResponse {
    return this.#requestBlocks('STATE', firstBlock, blockCount);
  }

  /** The address a guest sends for a device block. */
  blockAddress(blockIndex: number): bigint {
    return addressOf(this.#state, blockIndex);
  }

  /** The host asks for another size. Plugs and unplugs nothing; the guest is expected to follow by requests. */
  setRequestedPages(requestedPages: number): void {
    checkRequestedPages('setRequestedPages', requestedPages, this.granulePages, this.#state.block.pageCount);
    this.#alone('setRequestedPages', () => {
      this.#state.requestedBlocks = requestedPages / this.granulePages;
      growUsable(this.#state);
    });
  }

  /** As QEMU's reset, it unplugs all and does not look at the answer: while BUSY, the memory stays plugged. */
  systemReset(): void {
    this.unplugAll();
  }

  #requestBlocks(type: RangeRequest['type'], firstBlock: number, blockCount: number): GuestResponse {
    return this.request({ type, addr: this.blockAddress(firstBlock), nbBlocks: blockCount });
  }

  /** QEMU's big lock: whoever is told of a request cannot start another one inside it. */
  #alone<T>(call: string, work: () => T): T {
    if (this.#inRequest) {
      throw new VirtioMemRefusal('nested-request', {
        call,
        value: `${this.name} in the middle of a request`,
        limit: 'must finish it first',
        next: 'wait for the answer; isPlugged may be asked at any time',
      });
    }
    this.#inRequest = true;
    try {
      return work();
    } finally {
      this.#inRequest = false;
    }
  }
}
