// SPDX-License-Identifier: MIT
/** KVM's memory slots as a recording sets them: which guest addresses show which bytes of which memory. */
import type { RecordedLine } from '../recorded-line.ts';

export interface Slot {
  readonly gpa: bigint;
  readonly size: bigint;
  readonly hva: bigint;
  /** The guest_memfd's number in the recording; -1 for plain memory. */
  readonly guestMemfd: number;
  /** Where the slot begins in its block. */
  readonly offset: bigint;
  readonly readonly: boolean;
}

/** KVM_MEM_READONLY. */
const READONLY = 2;

export class SlotTable {
  readonly #slots = new Map<number, Slot>();
  /** Size of each guest_memfd; that of the block it belongs to. */
  readonly #fileSizes = new Map<number, bigint>();

  get slots(): readonly Slot[] {
    return [...this.#slots.values()];
  }

  /** The slot that a line adds; undefined for one that takes a slot away, and for other lines. */
  apply(line: RecordedLine): Slot | undefined {
    if (line.ev === 'guest_memfd') this.#fileSizes.set(line.count('id'), line.address('size'));
    // Address space 1 is that of system management mode, which devices never see.
    if (line.ev !== 'slot' || line.countOr('as', 0) !== 0) return undefined;
    const key = line.count('slot');
    const size = line.address('size');
    if (size === 0n) {
      this.#slots.delete(key);
      return undefined;
    }
    const slot: Slot = {
      gpa: line.address('gpa'),
      size,
      hva: line.address('hva'),
      guestMemfd: line.count('gmem'),
      offset: line.count('gmem') < 0 ? 0n : line.address('gmem_off'),
      readonly: (line.count('flags') & READONLY) !== 0,
    };
    this.#slots.set(key, slot);
    return slot;
  }

  at(gpa: bigint): Slot | undefined {
    return this.slots.find((slot) => slot.gpa <= gpa && gpa < slot.gpa + slot.size);
  }

  /** The slot that holds an address, or the first one above it: what a request that starts in a hole means. */
  firstFrom(gpa: bigint): Slot | undefined {
    const above = this.slots.filter((slot) => gpa < slot.gpa + slot.size);
    return above.toSorted((a, b) => (a.gpa < b.gpa ? -1 : 1))[0];
  }

  withHostAddress(hva: bigint): Slot | undefined {
    return this.slots.find((slot) => slot.hva <= hva && hva < slot.hva + slot.size);
  }

  blockBytes(slot: Slot): bigint {
    return this.#fileSizes.get(slot.guestMemfd) ?? slot.offset + slot.size;
  }
}

/** Where the block's memory begins in the process: the same over a reset, while guest_memfds are new ones then. */
export function hostBase(slot: Slot): bigint {
  return slot.hva - slot.offset;
}
