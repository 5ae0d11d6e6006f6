// SPDX-License-Identifier: MIT
/**
 * One RAM block in QEMU 11.1: its manager, the attributes source of a block with guest_memfd, the plug sources that
 * joined, and the consumers that follow its sections.
 */
import {
  assert,
  type Consumer,
  ERRNO,
  type PlugSource,
  type RamBlock,
  type Section,
  type Status,
} from '@sda-lab/guest-memory';
import { ConsumerListener } from '../stock/consumer-listener.ts';
import { AttributesSource } from './attributes-source.ts';
import type { ManagerSteps } from './manager-steps.ts';
import { MultiSourceManager } from './multi-source-manager.ts';
import type { RamDiscardSource } from './ram-discard-source.ts';

export class MultiSourceBlock {
  readonly manager: MultiSourceManager;
  /** Absent from a block without guest_memfd, whose pages are all shared. */
  readonly attributes: AttributesSource | undefined;
  readonly #plugSources = new Map<PlugSource, RamDiscardSource>();
  readonly #listeners: ConsumerListener[] = [];

  constructor(block: RamBlock, steps: ManagerSteps) {
    this.manager = new MultiSourceManager(steps);
    this.attributes = block.hasGuestMemfd ? new AttributesSource(block.pageCount) : undefined;
    if (this.attributes !== undefined) this.manager.addSource(this.attributes);
  }

  addPlugSource(plugSource: PlugSource): Status {
    const source = this.#plugSources.get(plugSource) ?? asDiscardSource(plugSource);
    const status = this.manager.addSource(source);
    if (status === 0) this.#plugSources.set(plugSource, source);
    return status;
  }

  deletePlugSource(plugSource: PlugSource): Status {
    const source = this.#plugSources.get(plugSource);
    if (source === undefined) return -ERRNO.ENOENT;
    const status = this.manager.deleteSource(source);
    if (status === 0) this.#plugSources.delete(plugSource);
    return status;
  }

  sourceOf(plugSource: PlugSource): RamDiscardSource {
    const source = this.#plugSources.get(plugSource);
    assert(source !== undefined, 'only a source that joined tells of its plugging');
    return source;
  }

  /**
   * A replay that the consumer refuses is not told to the caller: QEMU prints it, and the device is there with the
   * mappings it has. The granule is latched here; a finer source that joins later changes nothing for this consumer.
   */
  register(consumer: Consumer, section: Section): void {
    // Without a source there is no manager in QEMU either: the section is mapped whole.
    const granulePages = this.manager.granularity === 0 ? section.pageCount : this.manager.granularity;
    const listener = new ConsumerListener(consumer, section, granulePages);
    this.#listeners.push(listener);
    this.manager.register(listener, { first: section.firstPage, end: section.firstPage + section.pageCount });
  }

  unregister(consumer: Consumer, section: Section): void {
    const at = this.#listeners.findIndex((listener) => listener.consumer === consumer && listener.section === section);
    assert(at !== -1, 'a consumer leaves a section it follows');
    this.manager.unregister(this.#listeners.splice(at, 1)[0]!);
  }
}

function asDiscardSource(plugSource: PlugSource): RamDiscardSource {
  return {
    name: plugSource.name,
    granularity: plugSource.granulePages,
    isPopulated: (first, end) => plugSource.isPlugged(first, end),
  };
}
