// SPDX-License-Identifier: MIT
/**
 * Accesses to pages, by the guest on the side it uses and by a device through its container. Every written value is a
 * fresh one, 0xa1 first, so a stale read shows by its value.
 */
import { type GuestMemory, PAGE_BYTES, statusText } from '@sda-lab/guest-memory';
import type { IommuContainer } from '@sda-lab/vfio-mock';
import type { EventLog } from './event.ts';
import { blockPageOf, gfnOf, type Layout } from './layout.ts';

const FIRST_VALUE = 0xa1;

export class Accesses {
  readonly #memory: GuestMemory;
  readonly #layout: Layout;
  readonly #events: EventLog;
  #nextValue = FIRST_VALUE;

  constructor(memory: GuestMemory, layout: Layout, events: EventLog) {
    this.#memory = memory;
    this.#layout = layout;
    this.#events = events;
  }

  /** Answers the value written. */
  touch(page: number): string {
    const span = this.#layout.spanAt(page);
    const blockPage = blockPageOf(span, page);
    const side = this.#memory.sideAt(span.section, blockPage);
    const frame = this.#memory.populate(span.section.block, blockPage, side);
    const value = this.#freshValue();
    this.#memory.frames.write(frame, value);
    this.#logCpu(page, 'write', value);
    return `0 ${hex(value)}`;
  }

  /** The guest reads on the side it uses; a hole reads as zero and stays one. */
  read(page: number): string {
    return `0 ${hex(this.#logGuestView(page))}`;
  }

  /** Answers status and value apart; the guest's own view of the page is logged beside it. */
  dma(
    container: { readonly name: string; readonly kernel: IommuContainer },
    page: number,
    access: 'read' | 'write',
  ): string {
    const answer = this.dmaAt(container, page, gfnOf(this.#layout.spanAt(page), page), access);
    this.#logGuestView(page);
    return answer;
  }

  /** The same at an address of the device's own, which may lead nowhere; `page` names it in the log. */
  dmaAt(
    { name, kernel }: { readonly name: string; readonly kernel: IommuContainer },
    page: number,
    iovaPage: number,
    access: 'read' | 'write',
  ): string {
    const iova = BigInt(iovaPage) * BigInt(PAGE_BYTES);
    const { status, value } = access === 'write' ? this.#dmaWrite(kernel, iova) : kernel.dmaRead(iova);
    if (this.#events.keepsEvents) this.#events.log({ kind: 'device', who: name, page, access, value, status });
    else this.#events.pass();
    return status === 0 ? `0 ${hex(value)}` : statusText(status);
  }

  #dmaWrite(kernel: IommuContainer, iova: bigint): { status: number; value: number } {
    const value = this.#freshValue();
    return { status: kernel.dmaWrite(iova, value), value };
  }

  #logGuestView(page: number): number {
    const span = this.#layout.spanAt(page);
    const blockPage = blockPageOf(span, page);
    const side = this.#memory.sideAt(span.section, blockPage);
    const frame = this.#memory.backing(span.section.block, blockPage, side);
    const value = frame === 0 ? 0 : this.#memory.frames.read(frame);
    this.#logCpu(page, 'read', value);
    return value;
  }

  #logCpu(page: number, access: 'read' | 'write', value: number): void {
    if (this.#events.keepsEvents) this.#events.log({ kind: 'cpu', who: 'the guest', page, access, value, status: 0 });
    else this.#events.pass();
  }

  #freshValue(): number {
    this.#nextValue += 1;
    return this.#nextValue - 1;
  }
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
