// SPDX-License-Identifier: MIT
/**
 * A virtio-mem device: it owns which device blocks of one RAM block the guest may use, answers the guest's requests,
 * and tells a strategy through the plug port. It knows no strategy, no container and no side of a page.
 *
 * Lifecycle: created (realized: properties checked, the complete backend discarded, nothing plugged)
 *   -> at most one load, if it waits for an incoming migration
 *   -> requests of the guest, new requested sizes of the host, system resets, saves, in any order
 *   -> unplugged itself, once nothing is plugged nor requested.
 * A block is unplugged or plugged; only PLUG, UNPLUG, UNPLUG_ALL, a cold system reset and a load change that.
 *
 * Source: QEMU 10.2.2 hw/virtio/virtio-mem.c; answers and order observed on 11.1.3, dynamic memslots among them. Save
 * and load rest on the source alone.
 * Not covered: the config space, unplugged-inaccessible=off, resizable regions, the bytes of a migration stream, the
 * count the device takes in the discard coordination (whoever builds the world takes it).
 */
import { ERRNO, statusText, type PlugSource, type Status, type Words } from '@sda-lab/guest-memory';
import { answer, answerBlocks, answerUnplugAll } from './_internals/answer.ts';
import { checkOptions, checkRequestedPages } from './_internals/check-options.ts';
import { allBlocks, type BlockRange, createState, discardBlocks, growUsable, type DeviceState } from './_internals/device-state.ts';
import { DeviceWords } from './_internals/device-words.ts';
import { addressOf, findBlocks, MAX_NB_BLOCKS } from './_internals/find-blocks.ts';
import { discardUnplugged, restoreSizes, saveBlocks } from './_internals/restore.ts';
import type { VirtioMemOptions } from './options.ts';
import type { Answer, GuestRequest, GuestResponse, RangeRequest } from './protocol.ts';
import { VirtioMemRefusal } from './refusal.ts';
import type { LoadConditions, SavedBlocks, SavedSizes } from './saved-state.ts';
import { QEMU_STEPS, type DeviceSteps, type ResetKind } from './steps.ts';

/** Realizes a device with nothing plugged, or throws a VirtioMemRefusal. `steps` are replaced only to plant faults. */
export function createVirtioMem(options: VirtioMemOptions, steps: DeviceSteps = QEMU_STEPS): VirtioMem {
  checkOptions(options);
  const state = createState(options, steps);
  const status = options.isIncoming === true ? 0 : discardBlocks(state, allBlocks(state));
  if (status !== 0) {
    throw new VirtioMemRefusal('clean-slate-failed', {
      call: 'createVirtioMem',
      value: `discard of the complete block = ${statusText(status)}`,
      limit: 'must be 0',
      next: 'heal the host before the device is created',
    });
  }
  return new VirtioMem(options.name, state);
}

export class VirtioMem implements PlugSource {
  readonly name: string;
  readonly granulePages: number;
  /** The device's state between requests; loading it calls nobody. */
  readonly words: Words;
  readonly #state: DeviceState;
  #inRequest = false;

  /** Use createVirtioMem, which checks and discards first. */
  constructor(name: string, state: DeviceState) {
    this.name = name;
    this.granulePages = state.blockPages;
    this.#state = state;
    this.words = new DeviceWords(state);
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

  /** 0 without dynamic memslots. */
  get memslotCount(): number {
    return this.#state.memslots?.active.bitCount ?? 0;
  }

  isMemslotActive(index: number): boolean {
    return this.#state.memslots?.active.test(index) ?? false;
  }

  /** Rounds outward to device blocks; false for an empty range and for any part outside the usable region. */
  isPlugged(firstPage: number, endPage: number): boolean {
    return this.#state.steps.isPlugged(this.#state, firstPage, endPage);
  }

  /** One request as the guest sends it, carried out before this returns. */
  request(request: GuestRequest): GuestResponse {
    return this.#alone('request', () => answer(this.#state, this, request));
  }

  plug(firstBlock: number, blockCount: number): Answer {
    return this.#change('PLUG', firstBlock, blockCount);
  }

  unplug(firstBlock: number, blockCount: number): Answer {
    return this.#change('UNPLUG', firstBlock, blockCount);
  }

  unplugAll(): Answer {
    this.#begin('request');
    try {
      return answerUnplugAll(this.#state, this);
    } finally {
      this.#inRequest = false;
    }
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

  /** A cold reset unplugs all and does not look at the answer: while BUSY, the memory stays plugged. */
  systemReset(kind: ResetKind = 'cold'): void {
    this.#alone('systemReset', () => this.#state.steps.reset(this.#state, this, kind));
  }

  /** Whether the host may take the device itself away: -EBUSY while anything is plugged, or requested. */
  checkDeviceUnplug(): Status {
    const { pluggedBlocks, requestedBlocks } = this.#state;
    return pluggedBlocks > 0 || requestedBlocks > 0 ? -ERRNO.EBUSY : 0;
  }

  /** The part of the state that travels before the RAM. */
  saveBlocks(): SavedBlocks {
    return saveBlocks(this.#state);
  }

  /** The part that travels after it. */
  saveSizes(): SavedSizes {
    return { usablePages: this.usablePages, requestedPages: this.requestedPages };
  }

  /** Before the RAM arrives. The usable region is still the destination's own. A refusal ends the migration. */
  loadBlocks(saved: SavedBlocks, conditions: LoadConditions = {}): Status {
    this.#requireFresh('loadBlocks');
    return this.#alone('loadBlocks', () => this.#state.steps.restore(this.#state, this, saved, conditions));
  }

  /** After the RAM arrived, or with postcopy running. */
  loadSizes(saved: SavedSizes, conditions: LoadConditions = {}): Status {
    return this.#alone('loadSizes', () => {
      const status = restoreSizes(this.#state, saved);
      return status !== 0 ? status : discardUnplugged(this.#state, conditions);
    });
  }

  /** All of it after the RAM, as old machine types do: the sizes are known when the strategy hears of the blocks. */
  loadTogether(blocks: SavedBlocks, sizes: SavedSizes, conditions: LoadConditions = {}): Status {
    this.#requireFresh('loadTogether');
    return this.#alone('loadTogether', () => {
      const sized = restoreSizes(this.#state, sizes);
      if (sized !== 0) return sized;
      // RAM is there already; preallocating now would come too late, and QEMU only warns of it.
      const late = { ...conditions, isRamIgnored: true };
      const status = this.#state.steps.restore(this.#state, this, blocks, late);
      return status !== 0 ? status : discardUnplugged(this.#state, conditions);
    });
  }

  #requireFresh(call: string): void {
    if (this.#state.pluggedBlocks === 0) return;
    throw new VirtioMemRefusal('load-not-fresh', {
      call,
      value: `pluggedPages = ${this.pluggedPages}`,
      limit: 'must be 0',
      next: 'load into a device that was created for the incoming migration',
    });
  }

  /** The same as the request a guest sends for the blocks; without its bytes where those would make no difference. */
  #change(type: 'PLUG' | 'UNPLUG', firstBlock: number, blockCount: number): Answer {
    const range = this.#named(firstBlock, blockCount);
    if (range === undefined) return this.#requestBlocks(type, firstBlock, blockCount).answer;
    this.#begin('request');
    try {
      return answerBlocks(this.#state, this, type, range);
    } finally {
      this.#inRequest = false;
    }
  }

  /** The blocks that a request names, as far as that needs no look at its bytes. */
  #named(firstBlock: number, blockCount: number): BlockRange | undefined {
    const { steps, usableBlocks, firstGfn, blockPages } = this.#state;
    const isPlain = steps.findBlocks === findBlocks && Number.isInteger(firstBlock) && Number.isInteger(blockCount);
    if (!isPlain || firstBlock < 0 || blockCount < 1 || blockCount > MAX_NB_BLOCKS) return undefined;
    if (firstBlock + blockCount > usableBlocks || firstGfn % blockPages !== 0) return undefined;
    return { firstBlock, endBlock: firstBlock + blockCount };
  }

  #requestBlocks(type: RangeRequest['type'], firstBlock: number, blockCount: number): GuestResponse {
    return this.request({ type, addr: this.blockAddress(firstBlock), nbBlocks: blockCount });
  }

  #alone<T>(call: string, work: () => T): T {
    this.#begin(call);
    try {
      return work();
    } finally {
      this.#inRequest = false;
    }
  }

  /** QEMU's big lock: whoever is told of a request cannot start another one inside it. */
  #begin(call: string): void {
    if (this.#inRequest) {
      throw new VirtioMemRefusal('nested-request', {
        call,
        value: `${this.name} in the middle of a request`,
        limit: 'must finish it first',
        next: 'wait for the answer; isPlugged may be asked at any time',
      });
    }
    this.#inRequest = true;
  }
}
