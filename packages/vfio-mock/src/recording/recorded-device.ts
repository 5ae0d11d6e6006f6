// SPDX-License-Identifier: MIT
/**
 * The device of the recordings: QEMU's edu behind the container, moving 64-bit words through a buffer of its own and a
 * bounce page that the recorder maps at 0x7f000000 on first use. That mapping is an entry like any other. A read the
 * IOMMU refuses yields zero bytes, a refused write is lost; neither is an error.
 *
 * Source: QEMU hw/misc/edu.c; recordings stale-*, selftest-iommufd. Not covered: devices that report faults.
 */
import type { Status } from '@sda-lab/guest-memory';
import { READ, WRITE } from '../_internals/page-record.ts';
import type { IommuContainer } from '../iommu-container.ts';
import { mapUser } from './container-calls.ts';
import { BOUNCE_ADDRESS, type ProcessMemory } from './process-memory.ts';
import { readWord, WORD_BYTES, writeWord } from './words.ts';

const BOUNCE_IOVA = 0x7f000000n;
const BOUNCE_BYTES = 0x1000n;
/** Address bits the recorder gives the device; higher ones it drops without a word. */
const DEVICE_ADDRESSES = 1n << 40n;

/**
 * What a recorder does about its bounce page after an unmap took it away: nothing, or nothing but clearing it before
 * each read, or mapping it anew. A recording shows which only when it goes on with DMA.
 */
export const BOUNCE_POLICIES = ['once', 'cleared', 'again'] as const;
export type BouncePolicy = (typeof BOUNCE_POLICIES)[number];

export class RecordedDevice {
  readonly #container: IommuContainer;
  readonly #memory: ProcessMemory;
  readonly #policy: BouncePolicy;
  #hasBounce = false;
  /** Whether DMA went on after the bounce page was unmapped, so that the policy mattered. */
  lostBounce = false;

  constructor(container: IommuContainer, memory: ProcessMemory, policy: BouncePolicy) {
    this.#container = container;
    this.#memory = memory;
    this.#policy = policy;
  }

  read(iova: bigint): { readonly status: Status; readonly value: bigint } {
    const status = this.#prepare();
    if (status !== 0) return { status, value: 0n };
    if (this.#policy === 'cleared') writeWord(this.#memory, BOUNCE_ADDRESS, 0n);
    this.#store(BOUNCE_IOVA, this.#load(iova));
    return { status: 0, value: readWord(this.#memory, BOUNCE_ADDRESS) ?? 0n };
  }

  write(iova: bigint, value: bigint): Status {
    const status = this.#prepare();
    if (status !== 0) return status;
    writeWord(this.#memory, BOUNCE_ADDRESS, value);
    this.#store(iova, this.#load(BOUNCE_IOVA));
    return 0;
  }

  #prepare(): Status {
    const isLost = this.#hasBounce && this.#container.reach(BOUNCE_IOVA) === undefined;
    if (isLost) this.lostBounce = true;
    if (this.#hasBounce && !(isLost && this.#policy === 'again')) return 0;
    const request = { iova: BOUNCE_IOVA, va: BOUNCE_ADDRESS, size: BOUNCE_BYTES };
    const { status } = mapUser(this.#container, { ...request, rights: READ | WRITE, anywhere: false });
    this.#hasBounce = status === 0;
    return status;
  }

  #load(iova: bigint): Uint8Array {
    const word = new Uint8Array(WORD_BYTES);
    for (let at = 0; at < WORD_BYTES; at += 1) {
      const reached = this.#container.reach((iova + BigInt(at)) % DEVICE_ADDRESSES);
      if (reached === undefined || (reached.rights & READ) === 0) continue;
      word[at] = this.#memory.bytes.read(reached.frame, reached.offset);
    }
    return word;
  }

  #store(iova: bigint, word: Uint8Array): void {
    for (let at = 0; at < WORD_BYTES; at += 1) {
      const reached = this.#container.reach((iova + BigInt(at)) % DEVICE_ADDRESSES);
      if (reached === undefined || (reached.rights & WRITE) === 0) continue;
      this.#memory.bytes.write(reached.frame, reached.offset, word[at]!);
    }
  }
}
