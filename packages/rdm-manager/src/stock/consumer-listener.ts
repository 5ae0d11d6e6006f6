// SPDX-License-Identifier: MIT
import { assert, type Consumer, type CostMeter, type Section, type Status } from '@sda-lab/guest-memory';
import type { RamDiscardListener } from './ram-discard-manager.ts';

/**
 * VFIO's RamDiscardListener: populate = map in granules, discard = one unmap. The granule is latched at registration;
 * a refused unmap is printed by QEMU and goes no further.
 * Source: QEMU 10.2.2 hw/vfio/listener.c, vfio_ram_discard_notify_populate and vfio_ram_discard_notify_discard.
 */
export class ConsumerListener implements RamDiscardListener {
  readonly consumer: Consumer;
  readonly section: Section;
  #granulePages: number;
  readonly #meter: CostMeter | undefined;

  constructor(consumer: Consumer, section: Section, granulePages: number, meter?: CostMeter) {
    this.consumer = consumer;
    this.section = section;
    this.#granulePages = granulePages;
    this.#meter = meter;
  }

  get granulePages(): number {
    return this.#granulePages;
  }

  latch(granulePages: number): void {
    assert(granulePages >= this.consumer.smallestPages, 'the granule is not finer than the smallest IOMMU page');
    this.#granulePages = granulePages;
  }

  notifyPopulate(firstPage: number, endPage: number): Status {
    this.#note();
    return this.consumer.mapRun(this.section, 'shared', firstPage, endPage - firstPage, this.#granulePages);
  }

  notifyDiscard(firstPage: number, endPage: number): void {
    this.#note();
    this.consumer.unmapRun(this.section, 'shared', firstPage, endPage - firstPage);
  }

  #note(): void {
    if (this.#meter !== undefined) this.#meter.notifications += 1;
  }
}
