// SPDX-License-Identifier: MIT
/**
 * RamDiscardManager as QEMU 6.1 to 11.0 has it: one per region, owned by one implementer that knows which pages are
 * populated, with listeners that each follow one section.
 *
 * Lifecycle of a listener: `register` (its populated runs are replayed to it) -> notifications, clipped to its section,
 * newest listener first -> `unregister` (one discard of its complete section).
 * A populate is announced before the memory is used and may be vetoed; a discard is announced and cannot be refused.
 *
 * Source: QEMU 10.2.2 include/system/memory.h (RamDiscardManagerClass), hw/virtio/virtio-mem.c and
 * system/ram-block-attributes.c, whose differences are the options here. Not covered: the reference counts of section
 * copies, listeners without double-discard support (no listener in the tree is one).
 */
import { assert, type EmitRun, intersectSection, type RamBlock, type Section, type Status } from '@sda-lab/guest-memory';

/** Follows one section. All ranges are block pages inside its section. */
export interface RamDiscardListener {
  /** About to be populated. A non-zero answer vetoes; the listener has undone its own part then. */
  notifyPopulate(firstPage: number, endPage: number): Status;
  /** Was discarded, or will be; cannot be refused. */
  notifyDiscard(firstPage: number, endPage: number): void;
}

/** Which runs of a range a listener hears of; the whole range as one run unless given. */
export type ForEachRun = (
  firstPage: number,
  endPage: number,
  emit: (first: number, end: number) => Status,
) => Status;

const wholeRange: ForEachRun = (firstPage, endPage, emit) => emit(firstPage, endPage);

/** Who knows what is populated. */
export interface StateOwner {
  readonly granulePages: number;
  /** Maximal populated runs of [firstPage, endPage), ascending. */
  readonly forEachPopulatedRun: ForEachRun;
}

export interface RamDiscardManagerOptions {
  /** After a veto: nobody is told (`ram-block-attributes`), or listeners told before the vetoing one (`virtio-mem`). */
  readonly rollback: 'none' | 'earlier';
  /** A veto during replay at registration: printed only, or exit(1). */
  readonly registrationFailure: 'report' | 'exit';
  /** Called for `exit`. */
  readonly exit: (reason: string) => void;
}

interface Registered {
  readonly listener: RamDiscardListener;
  readonly section: Section;
}

export class RamDiscardManager {
  readonly block: RamBlock;
  readonly owner: StateOwner;
  readonly #options: RamDiscardManagerOptions;
  /** Head insertion: index 0 was registered last and is told first. */
  readonly #listeners: Registered[] = [];

  constructor(block: RamBlock, owner: StateOwner, options: RamDiscardManagerOptions) {
    this.block = block;
    this.owner = owner;
    this.#options = options;
  }

  get listenerCount(): number {
    return this.#listeners.length;
  }

  /** Registers, then replays. A veto of the replay is not told to the caller; the listener stays registered. */
  register(listener: RamDiscardListener, section: Section): void {
    this.join(listener, section);
    const status = this.replayPopulated(section, (first, end) => listener.notifyPopulate(first, end));
    if (status !== 0 && this.#options.registrationFailure === 'exit') {
      this.#options.exit('replaying populated ranges to a new listener failed');
    }
  }

  /** Puts a listener at the head without a replay: for one that has caught up by itself. */
  join(listener: RamDiscardListener, section: Section): void {
    assert(section.block === this.block, 'a listener follows a section of the manager it registers with');
    this.#listeners.unshift({ listener, section });
  }

  /** One discard of the complete section, mapped or not, then the listener is gone. */
  unregister(listener: RamDiscardListener): void {
    const section = this.leave(listener);
    listener.notifyDiscard(section.firstPage, section.firstPage + section.pageCount);
  }

  /** Takes a listener off the list and tells it nothing; returns the section it followed. */
  leave(listener: RamDiscardListener): Section {
    const at = this.#listeners.findIndex((registered) => registered.listener === listener);
    assert(at !== -1, 'only a registered listener is unregistered');
    return this.#listeners.splice(at, 1)[0]!.section;
  }

  /**
   * Tells every listener, newest first, about the runs of a range that are about to be populated; stops at the first
   * veto. Runs the vetoing listener accepted before are not taken back from it.
   */
  notifyPopulate(firstPage: number, endPage: number, runs: ForEachRun = wholeRange): Status {
    for (const [at, { listener, section }] of this.#listeners.entries()) {
      const part = intersectSection(section, firstPage, endPage);
      if (part === undefined) continue;
      const status = runs(part.firstPage, part.endPage, (first, end) => listener.notifyPopulate(first, end));
      if (status === 0) continue;
      if (this.#options.rollback === 'earlier') this.#discardFirst(at, firstPage, endPage, runs);
      return status;
    }
    return 0;
  }

  notifyDiscard(firstPage: number, endPage: number, runs: ForEachRun = wholeRange): void {
    this.#discardFirst(this.#listeners.length, firstPage, endPage, runs);
  }

  /** Each listener hears its complete section as discarded (virtio-mem's unplug-all). */
  notifyDiscardAll(): void {
    this.notifyDiscard(0, this.block.pageCount);
  }

  /** Populated runs of a section; a non-zero answer of `emit` stops and is returned. */
  replayPopulated(section: Section, emit: (first: number, end: number) => Status): Status {
    return this.owner.forEachPopulatedRun(
      section.firstPage,
      section.firstPage + section.pageCount,
      emit,
    );
  }

  /** The manager's only view of its block, for every user alike: what is populated. */
  runs(firstPage: number, endPage: number, emit: EmitRun): Status {
    return this.owner.forEachPopulatedRun(firstPage, endPage, (first, end) => emit(first, end, 'shared'));
  }

  #discardFirst(listenerCount: number, firstPage: number, endPage: number, runs: ForEachRun): void {
    for (const { listener, section } of this.#listeners.slice(0, listenerCount)) {
      const part = intersectSection(section, firstPage, endPage);
      if (part === undefined) continue;
      runs(part.firstPage, part.endPage, (first, end) => {
        listener.notifyDiscard(first, end);
        return 0;
      });
    }
  }
}
