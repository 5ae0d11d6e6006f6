// SPDX-License-Identifier: MIT
/**
 * A block whose populated state is "shared", with a stock manager over it: the shape that the 2024 series and the
 * merged RamBlockAttributes have in common. What they do with it differs and is not here.
 * A replay searches with the bound of the whole bitmap (QEMU 10.2.2 system/ram-block-attributes.c); that the series before
 * did so too is assumed.
 */
import { Bitmap } from '@sda-lab/core-bitmap';
import type { Cast, Consumer, CostMeter, RamBlock, Section, Words } from '@sda-lab/guest-memory';
import { ConsumerListeners } from './consumer-listeners.ts';
import { type ForEachRun, RamDiscardManager, type RamDiscardManagerOptions } from './ram-discard-manager.ts';

const GRANULE_PAGES = 1;

export class SharedBlock {
  /** 1 = shared = populated. Starts all private, as the KVM attributes do. */
  readonly shared: Bitmap;
  readonly manager: RamDiscardManager;
  readonly #listeners: ConsumerListeners;

  constructor(block: RamBlock, options: RamDiscardManagerOptions, meter?: CostMeter) {
    this.shared = new Bitmap(block.pageCount);
    this.#listeners = new ConsumerListeners(GRANULE_PAGES, meter);
    const forEachPopulatedRun: ForEachRun = (first, end, emit) => {
      meter?.walkRuns(this.shared, true, first, end, block.pageCount);
      return this.shared.forEachSetRun(first, end, emit);
    };
    const owner = { granulePages: GRANULE_PAGES, forEachPopulatedRun };
    this.manager = new RamDiscardManager(block, owner, options);
  }

  register(consumer: Consumer, section: Section): void {
    const listener = this.#listeners.of(consumer, section);
    listener.latch(this.manager.owner.granulePages);
    this.manager.register(listener, section);
  }

  unregister(consumer: Consumer, section: Section): void {
    this.manager.unregister(this.#listeners.of(consumer, section));
  }

  /** Of who is registered in which order; the bitmap has words of its own. */
  listenerWords(cast: Cast): Words {
    const listeners = this.#listeners.ofCast(cast, this.manager.block);
    return this.manager.words(listeners.map((listener) => ({ listener, section: listener.section })));
  }
}
