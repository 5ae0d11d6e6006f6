// SPDX-License-Identifier: MIT
/**
 * One consumer following one side of one section under design 1: a notifier on the conversion lists and, where the block has a
 * virtio-mem, a listener of its stock manager. It clips, asks for the other state, maps in page granules and can undo
 * exactly what the event under way made it do.
 *
 * A follower hears `converting` and `unplugging` before the change is final and may refuse; `aborted` tells it that
 * somebody refused, and it takes back what it did for that very event.
 */
import type { Condition } from '@sda-lab/core-bitmap';
import type { PageRange, SectionTracker, Side, Status } from '@sda-lab/guest-memory';
import type { RamDiscardListener, RamDiscardManager } from '@sda-lab/rdm-manager/stock';
import type { BlockState } from './block-state.ts';

/** One conversion or unplug under way; identity tells an `aborted` which one is meant. */
export interface ChangeEvent {
  readonly range: PageRange;
  readonly to: Side | 'unplugged';
}

export interface FollowerOptions {
  /** Ask the stock manager which pages are plugged before mapping shared ones. */
  readonly askPlugged: boolean;
  /** Ask the shared bitmap which pages are shared before mapping plugged ones. */
  readonly askShared: boolean;
}

const EVERYWHERE: readonly Condition[] = [];

export class Follower implements RamDiscardListener {
  readonly tracker: SectionTracker;
  readonly #state: BlockState;
  readonly #options: FollowerOptions;
  readonly #due: readonly Condition[];
  #event: ChangeEvent | undefined = undefined;
  #isOnLists = false;
  #manager: RamDiscardManager | undefined = undefined;

  constructor(state: BlockState, tracker: SectionTracker, options: FollowerOptions) {
    this.#state = state;
    this.tracker = tracker;
    this.#options = options;
    this.#due = options.askShared ? state.isOn[tracker.side] : EVERYWHERE;
  }

  /** Whether it is where it belongs: on the lists, and told by its block's manager, if any; or nowhere. */
  get isInPlace(): boolean {
    if (!this.tracker.isFollowing) return !this.#isOnLists;
    return this.#isOnLists && this.#manager === this.#state.plugged?.manager;
  }

  /** It was put on the lists; the block's manager, if any, tells it too, right behind another follower of the block. */
  come(behind: Follower | undefined): void {
    this.#isOnLists = true;
    this.hear(this.#state.plugged?.manager, behind);
  }

  /** It was taken off the lists, and off the manager it listened to. */
  go(): void {
    this.#isOnLists = false;
    this.#manager?.leave(this);
    this.#manager = undefined;
  }

  /** From now on the manager tells it, and none that did before, which is gone. */
  hear(manager: RamDiscardManager | undefined, behind: Follower | undefined): void {
    this.#manager = manager;
    manager?.join(this, this.tracker.section, behind);
  }

  readonly onChange = (event: ChangeEvent): Status => {
    if (event.range.block !== this.#state.block) return 0;
    const { firstPage, endPage } = event.range;
    this.#event = event;
    this.tracker.begin();
    if (event.to === this.tracker.side) return this.#mapPlugged(firstPage, endPage, false);
    return this.tracker.unmapMapped(firstPage, endPage);
  };

  readonly onAborted = (event: ChangeEvent): void => {
    if (this.#event !== event) return;
    this.tracker.undo(this.#state.isOn[this.tracker.side]);
    this.#event = undefined;
  };

  /** Maps what is plugged and on its side now; a refusal leaves nothing of it. */
  replay(): Status {
    this.tracker.begin();
    const status = this.#mapPlugged(0, this.#state.block.pageCount, true);
    if (status !== 0) this.tracker.undo();
    return status;
  }

  /** virtio-mem is about to plug: the part of the range that is on its side gets mapped. */
  notifyPopulate(firstPage: number, endPage: number): Status {
    // What an earlier refused plug could not take back leads to frames that were freed since: it goes first.
    const leftOver = this.tracker.unmapMapped(firstPage, endPage);
    if (leftOver !== 0) return leftOver;
    this.tracker.begin();
    const status = this.tracker.mapMissing(this.#due, firstPage, endPage);
    if (status !== 0) this.tracker.undo();
    return status;
  }

  /** virtio-mem unplugged; whatever is still mapped goes, and a refusal is not heard (stock manager). */
  notifyDiscard(firstPage: number, endPage: number): void {
    this.tracker.unmapMapped(firstPage, endPage);
  }

  #mapPlugged(firstPage: number, endPage: number, onlyItsSide: boolean): Status {
    const due = onlyItsSide ? this.#due : EVERYWHERE;
    if (!this.#options.askPlugged) return this.tracker.mapMissing(due, firstPage, endPage);
    return this.#state.forEachPluggedRun(firstPage, endPage, (first, end) =>
      this.tracker.mapMissing(due, first, end),
    );
  }
}
