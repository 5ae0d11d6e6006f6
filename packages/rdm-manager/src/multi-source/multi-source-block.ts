// SPDX-License-Identifier: MIT
/**
 * One RAM block in QEMU 11.1: its manager, the attributes source of a block with guest_memfd, the plug sources that
 * joined, and the consumers that follow its sections.
 */
import {
  assert,
  type Cast,
  type Consumer,
  type CostMeter,
  type PlugSource,
  type RamBlock,
  type Section,
  type Status,
  type Words,
} from '@sda-lab/guest-memory';
import { ConsumerListeners } from '../stock/consumer-listeners.ts';
import { AttributesSource } from './attributes-source.ts';
import type { ManagerSteps } from './manager-steps.ts';
import { MultiSourceBlockWords } from './multi-source-block-words.ts';
import { MultiSourceManager } from './multi-source-manager.ts';
import type { RamDiscardSource } from './ram-discard-source.ts';
import type { Window } from './source-listener.ts';

export class MultiSourceBlock {
  readonly manager: MultiSourceManager;
  /** Absent from a block without guest_memfd, whose pages are all shared. */
  readonly attributes: AttributesSource | undefined;
  readonly #block: RamBlock;
  /** Of every plug source met, whether it is in or not. */
  readonly #plugSources = new Map<PlugSource, RamDiscardSource>();
  readonly #listeners: ConsumerListeners;

  constructor(block: RamBlock, steps: ManagerSteps, exit: (reason: string) => void, meter?: CostMeter) {
    this.#block = block;
    this.#listeners = new ConsumerListeners(1, meter);
    this.manager = new MultiSourceManager(steps, exit, meter);
    this.attributes = block.hasGuestMemfd ? new AttributesSource(block.pageCount) : undefined;
    if (this.attributes !== undefined) this.manager.addSource(this.attributes);
  }

  addPlugSource(plugSource: PlugSource): Status {
    return this.manager.addSource(this.#meet(plugSource));
  }

  deletePlugSource(plugSource: PlugSource): Status {
    return this.manager.deleteSource(this.#meet(plugSource));
  }

  sourceOf(plugSource: PlugSource): RamDiscardSource {
    const source = this.#plugSources.get(plugSource);
    assert(source !== undefined && this.manager.hasSource(source), 'only a source that joined tells of its plugging');
    return source;
  }

  /**
   * A replay that the consumer refuses is not told to the caller: QEMU prints it, and the device is there with the
   * mappings it has. The granule is latched here; a finer source that joins later changes nothing for this consumer.
   */
  register(consumer: Consumer, section: Section): void {
    // Without a source there is no manager in QEMU either: the section is mapped whole.
    const granulePages = this.manager.granularity === 0 ? section.pageCount : this.manager.granularity;
    const listener = this.#listeners.of(consumer, section);
    listener.latch(granulePages);
    this.manager.register(listener, windowOf(section));
  }

  unregister(consumer: Consumer, section: Section): void {
    this.manager.unregister(this.#listeners.of(consumer, section));
  }

  /** All but the attributes, whose bitmap has words of its own. */
  managerWords(cast: Cast): Words {
    const own = this.attributes === undefined ? [] : [this.attributes];
    const sources = [...own, ...cast.sources.map((source) => this.#meet(source))];
    const listeners = this.#listeners.ofCast(cast, this.#block);
    const registered = listeners.map((listener) => ({ listener, window: windowOf(listener.section) }));
    return new MultiSourceBlockWords(this.manager.words(sources, registered), listeners);
  }

  #meet(plugSource: PlugSource): RamDiscardSource {
    const source = this.#plugSources.get(plugSource) ?? asDiscardSource(plugSource);
    this.#plugSources.set(plugSource, source);
    return source;
  }
}

function windowOf({ firstPage, pageCount }: Section): Window {
  return { first: firstPage, end: firstPage + pageCount };
}

function asDiscardSource(plugSource: PlugSource): RamDiscardSource {
  return {
    name: plugSource.name,
    granularity: plugSource.granulePages,
    isPopulated: (first, end) => plugSource.isPlugged(first, end),
    uniformEnd: (first) => first - (first % plugSource.granulePages) + plugSource.granulePages,
  };
}
