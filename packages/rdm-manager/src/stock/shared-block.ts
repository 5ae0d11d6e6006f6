// SPDX-License-Identifier: MIT
/**
 * A block whose populated state is "shared", with a stock manager over it: the shape that the 2024 series and the
 * merged RamBlockAttributes have in common. What they do with it differs and is not here.
 */
import { Bitmap } from '@sda-lab/core-bitmap';
import { assert, type Consumer, type RamBlock, type Section } from '@sda-lab/guest-memory';
import { ConsumerListener } from './consumer-listener.ts';
import { type ForEachRun, RamDiscardManager, type RamDiscardManagerOptions } from './ram-discard-manager.ts';

export class SharedBlock {
  /** 1 = shared = populated. Starts all private, as the KVM attributes do. */
  readonly shared: Bitmap;
  readonly manager: RamDiscardManager;
  readonly #listeners: ConsumerListener[] = [];

  constructor(block: RamBlock, options: RamDiscardManagerOptions) {
    this.shared = new Bitmap(block.pageCount);
    const owner = {
      granulePages: 1,
      forEachPopulatedRun: ((first, end, emit) =>
        this.shared.forEachSetRun(first, end, emit)) satisfies ForEachRun,
    };
    this.manager = new RamDiscardManager(block, owner, options);
  }

  register(consumer: Consumer, section: Section): void {
    const listener = new ConsumerListener(consumer, section, this.manager.owner.granulePages);
    this.#listeners.push(listener);
    this.manager.register(listener, section);
  }

  unregister(consumer: Consumer, section: Section): void {
    const at = this.#listeners.findIndex(
      (listener) => listener.consumer === consumer && listener.section === section,
    );
    assert(at !== -1, 'a consumer leaves a section it follows');
    this.manager.unregister(this.#listeners.splice(at, 1)[0]!);
  }
}
