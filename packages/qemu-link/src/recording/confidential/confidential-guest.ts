// SPDX-License-Identifier: MIT
/**
 * A confidential guest of the model, built from what its recording shows: blocks and sections from the slots it started
 * with, virtio-mem devices from what they did. It carries out the recorded requests.
 */
import { assert, ERRNO, PAGE_BYTES, type RamBlock, type Status } from '@sda-lab/guest-memory';
import { type Answer, type BlockState, type VirtioMem, VirtioMemRefusal } from '@sda-lab/virtio-mem';
import type { DeviceConfig, GuestFacts, RequestedSize } from './guest-facts.ts';
import { Machine } from '../machine.ts';
import type { ModelParts } from '../model-parts.ts';
import { hostBase, type Slot } from './slot-table.ts';
import type { TracedRequest } from './trace-text.ts';

/** One request for a conversion as the guest's exit carries it. */
export interface RecordedConversion {
  readonly start: bigint;
  readonly size: bigint;
  readonly toPrivate: boolean;
  /** An exit that QEMU does not know: it stops the VM and looks at nothing. */
  readonly isUnknown: boolean;
}

export interface BlockOutcome {
  readonly answer: Answer;
  readonly state: BlockState | undefined;
  /** The size the host asks for is not in the recording, and a NACK was taken as it was recorded. */
  readonly tookNack: boolean;
}

interface Device {
  readonly model: VirtioMem;
  readonly first: bigint;
  readonly end: bigint;
  /** Whether the recording says what the host asks for; else only what was answered tells. */
  knowsRequested: boolean;
}

const page = BigInt(PAGE_BYTES);
const toPages = (bytes: bigint): number => Number(bytes / page);

export class ConfidentialGuest {
  readonly machine: Machine;
  readonly #devices: Device[] = [];
  readonly #blocks = new Map<bigint, RamBlock>();
  readonly #facts: GuestFacts;

  constructor(facts: GuestFacts, parts: ModelParts) {
    this.#facts = facts;
    this.machine = new Machine(parts, { host: true, sharedPunches: facts.showsSharedPunches });
    for (const slot of facts.slots.slots) this.#addSlot(slot);
    for (const { slot, blockBytes } of facts.devices) this.#addDevice(slot, blockBytes);
  }

  /** A slot as it is set again after a reset: the block has a new guest_memfd. */
  renewSlot(slot: Slot): void {
    const block = this.#blocks.get(hostBase(slot));
    if (block !== undefined) this.machine.nameGuestMemfd(block, slot.guestMemfd);
  }

  /** A status other than 0 stops the VM. */
  convert({ start, size, toPrivate, isUnknown }: RecordedConversion): Status {
    return isUnknown ? -ERRNO.EINVAL : this.machine.convert(start, size, toPrivate ? 'private' : 'shared');
  }

  /**
   * What the host asks for is known from marks only. Where they do not say, a NACK is taken as it was recorded.
   */
  requestBlocks(request: TracedRequest, recorded: Answer, hint: bigint | undefined): BlockOutcome {
    const device = this.#deviceOf(request, hint);
    assert(device !== undefined, 'a request is answered by a virtio-mem device');
    const { model } = device;
    const { type, addr, nbBlocks } = request;
    const takesNack = type === 'PLUG' && recorded === 'NACK' && !device.knowsRequested;
    if (!device.knowsRequested) {
      model.setRequestedPages(takesNack ? model.pluggedPages : model.blockCount * model.granulePages);
    }
    const { answer, state } = model.request(type === 'UNPLUG_ALL' ? { type } : { type, addr, nbBlocks });
    return { answer, state, tookNack: takesNack && answer === 'NACK' };
  }

  configure({ addr, requestedBytes }: DeviceConfig): void {
    const device = this.#devices.find(({ first }) => first === addr);
    if (device !== undefined) this.#setRequested(device, toPages(requestedBytes));
  }

  /** A mark speaks of the size the host asks for. */
  requestSize(size: RequestedSize): void {
    for (const device of this.#devices) {
      const { model } = device;
      if (size.unit === 'unknown') device.knowsRequested = false;
      else if (size.unit === 'bytes') this.#setRequested(device, toPages(size.count));
      else this.#setRequested(device, Number(size.count) * model.granulePages);
    }
  }

  reset(slots: readonly Slot[]): void {
    this.machine.rebuild(slots);
    for (const { model } of this.#devices) model.systemReset();
  }

  #setRequested(device: Device, pages: number): void {
    try {
      device.model.setRequestedPages(pages);
      device.knowsRequested = true;
    } catch (error) {
      if (!(error instanceof VirtioMemRefusal)) throw error;
    }
  }

  #addSlot(slot: Slot): void {
    const hasGuestMemfd = slot.guestMemfd >= 0;
    const base = hostBase(slot);
    let block = this.#blocks.get(base);
    if (block === undefined) {
      const pageCount = toPages(this.#facts.slots.blockBytes(slot));
      const isFile = this.#facts.isFile(slot);
      block = this.machine.addBlock(`block at ${base.toString(16)}`, pageCount, hasGuestMemfd, { isFile });
      this.#blocks.set(base, block);
    }
    if (hasGuestMemfd) this.machine.nameGuestMemfd(block, slot.guestMemfd);
    const place = { firstPage: toPages(slot.offset), pageCount: toPages(slot.size), firstGfn: toPages(slot.gpa) };
    this.machine.addSection({ name: block.name, block, ...place, readonly: slot.readonly });
  }

  #addDevice(slot: Slot, blockBytes: bigint): void {
    const block = this.#blocks.get(hostBase(slot))!;
    const place = { firstGfn: toPages(slot.gpa), blockPages: toPages(blockBytes), requestedPages: 0 };
    const model = this.machine.addVirtioMem({ name: block.name, block, ...place });
    this.#devices.push({ model, first: slot.gpa, end: slot.gpa + slot.size, knowsRequested: false });
  }

  /** UNPLUG_ALL names no address; what it discards does. */
  #deviceOf({ type, addr }: TracedRequest, hint: bigint | undefined): Device | undefined {
    const at = type === 'UNPLUG_ALL' ? hint : addr;
    const named = this.#devices.find(({ first, end }) => at !== undefined && first <= at && at < end);
    if (named !== undefined) return named;
    const idle = this.#devices.find(({ model }) => model.pluggedPages === 0);
    return (type === 'UNPLUG_ALL' ? idle : undefined) ?? this.#devices[0];
  }
}
