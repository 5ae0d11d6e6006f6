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
import {
  assert,
  type EmitRun,
  intersectSection,
  type OrderedList,
  PlaceWords,
  type RamBlock,
  type Section,
  type Status,
  WalkedList,
  type Words,
} from '@sda-lab/guest-memory';

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
  /** Called for `exit`, and when a listener leaves that a walk stands on. */
  readonly exit: (reason: string) => void;
}

/** A listener and the section it follows. */
export interface Registered {
  readonly listener: RamDiscardListener;
  readonly section: Section;
}

/** Ends a walk; no errno. */
const STOP: Status = 1;

export class RamDiscardManager {
  readonly block: RamBlock;
  readonly owner: StateOwner;
  readonly #options: RamDiscardManagerOptions;
  /** Who was registered last is told first. */
  readonly #listeners: WalkedList<Registered>;

  constructor(block: RamBlock, owner: StateOwner, options: RamDiscardManagerOptions) {
    this.block = block;
    this.owner = owner;
    this.#options = options;
    this.#listeners = new WalkedList({ walk: 'foreach', exit: options.exit, what: 'RamDiscardListener' });
  }

  get listenerCount(): number {
    return this.#listeners.members.length;
  }

  /** Registers, then replays. A veto of the replay is not told to the caller; the listener stays registered. */
  register(listener: RamDiscardListener, section: Section): void {
    this.join(listener, section);
    const status = this.replayPopulated(section, (first, end) => listener.notifyPopulate(first, end));
    if (status !== 0 && this.#options.registrationFailure === 'exit') {
      this.#options.exit('replaying populated ranges to a new listener failed');
    }
  }

  /** Puts a listener at the head, or right behind another, without a replay: for one that has caught up by itself. */
  join(listener: RamDiscardListener, section: Section, behind?: RamDiscardListener): void {
    assert(section.block === this.block, 'a listener follows a section of the manager it registers with');
    this.#listeners.insert({ listener, section }, behind === undefined ? undefined : this.#registered(behind));
  }

  /** One discard of the complete section, mapped or not, then the listener is gone. */
  unregister(listener: RamDiscardListener): void {
    const section = this.leave(listener);
    listener.notifyDiscard(section.firstPage, section.firstPage + section.pageCount);
  }

  /** Takes a listener off the list and tells it nothing; returns the section it followed. */
  leave(listener: RamDiscardListener): Section {
    const registered = this.#registered(listener);
    assert(registered !== undefined, 'only a registered listener is unregistered');
    this.#listeners.remove(registered);
    return registered.section;
  }

  /**
   * Tells every listener, newest first, about the runs of a range that are about to be populated; stops at the first
   * veto. Runs the vetoing listener accepted before are not taken back from it.
   */
  notifyPopulate(firstPage: number, endPage: number, runs: ForEachRun = wholeRange): Status {
    return this.#listeners.walk((registered) => {
      const { listener, section } = registered;
      const part = intersectSection(section, firstPage, endPage);
      if (part === undefined) return 0;
      const status = runs(part.firstPage, part.endPage, (first, end) => listener.notifyPopulate(first, end));
      if (status !== 0 && this.#options.rollback === 'earlier') this.#discardBefore(registered, firstPage, endPage, runs);
      return status;
    });
  }

  notifyDiscard(firstPage: number, endPage: number, runs: ForEachRun = wholeRange): void {
    this.#discardBefore(undefined, firstPage, endPage, runs);
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

  /** Who is registered in which order, of all that may ever be. */
  words(all: readonly Registered[]): Words {
    const list: OrderedList<Registered> = {
      read: () => this.#listeners.members,
      write: (registered) => this.#listeners.replace(registered),
      isSame: (one, other) => one.listener === other.listener,
    };
    return new PlaceWords(list, all);
  }

  #registered(listener: RamDiscardListener): Registered | undefined {
    return this.#listeners.members.find((registered) => registered.listener === listener);
  }

  /** A walk of its own from the head, up to a listener or to the end; whoever came to the head by now is in it. */
  #discardBefore(end: Registered | undefined, firstPage: number, endPage: number, runs: ForEachRun): void {
    this.#listeners.walk((registered) => {
      if (registered === end) return STOP;
      const { listener, section } = registered;
      const part = intersectSection(section, firstPage, endPage);
      if (part === undefined) return 0;
      return runs(part.firstPage, part.endPage, (first, last) => {
        listener.notifyDiscard(first, last);
        return 0;
      });
    });
  }
}
