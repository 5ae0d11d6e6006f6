// SPDX-License-Identifier: MIT
import { assert, type Consumer, type Section, type Status } from '@sda-lab/guest-memory';
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

  constructor(consumer: Consumer, section: Section, granulePages: number) {
    this.consumer = consumer;
    this.section = section;
    this.#granulePages = granulePages;
  }

  get granulePages(): number {
    return this.#granulePages;
  }

  latch(granulePages: number): void {
    assert(granulePages >= this.consumer.smallestPages, 'the granule is not finer than the smallest IOMMU page');
    this.#granulePages = granulePages;
  }

  notifyPopulate(firstPage: number, endPage: number): Status {
    return this.consumer.mapRun(this.section, 'shared', firstPage, endPage - firstPage, this.#granulePages);
  }

  notifyDiscard(firstPage: number, endPage: number): void {
    this.consumer.unmapRun(this.section, 'shared', firstPage, endPage - firstPage);
  }
}
