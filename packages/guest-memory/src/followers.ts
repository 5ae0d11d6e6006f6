// SPDX-License-Identifier: MIT
/**
 * Who follows the sections of one block: a tracker for each consumer, section and side, made when they are first met and
 * the same from then on, whether the consumer follows or not.
 *
 *   away -> `follow` -> following -> `leave` | `abandon` -> away
 *                                                        -> left over -> `settle` | `close` -> away
 *
 * Left over are mappings that a consumer would not let go of when its section went at run time (a memslot, say): nobody
 * follows the section any more and the mappings are still there. They go before the consumer follows the block again. A
 * consumer that follows nothing any more has been closed, and its mappings with it. Who is away holds nothing.
 *
 * A building block for strategies; QEMU prints such a refusal and forgets it. Not covered: a consumer that is closed
 * while it follows something.
 */
import { assert } from './assert.ts';
import type { Side } from './page.ts';
import type { Consumer } from './ports/consumer.ts';
import type { Section } from './section.ts';
import { AWAY, FOLLOWING, LEFT_OVER, SectionTracker, type TrackerOptions } from './section-tracker.ts';
import type { Status } from './status.ts';
import { tellOrder } from './tell-order.ts';

export class Followers {
  readonly #options: TrackerOptions;
  readonly #trackers: SectionTracker[] = [];
  readonly #onShared: SectionTracker[] = [];
  readonly #onPrivate: SectionTracker[] = [];
  #newOnes: SectionTracker[] | undefined = undefined;

  /** @param options - for every tracker; the side is each one's own. */
  constructor(options: TrackerOptions) {
    this.#options = options;
  }

  /**
   * Every tracker ever met, in the order in which those are told that follow. Where nothing keeps others out, a walk also
   * tells who came to follow behind the one it stands on; it may come by that one again, who has nothing left to do.
   */
  get all(): readonly SectionTracker[] {
    return this.#trackers;
  }

  /** Those of one side. */
  on(side: Side): readonly SectionTracker[] {
    return side === 'shared' ? this.#onShared : this.#onPrivate;
  }

  /** The one tracker of them, wherever it stands. */
  of(consumer: Consumer, section: Section, side: Side): SectionTracker {
    for (const tracker of this.#trackers) {
      if (tracker.consumer === consumer && tracker.section === section && tracker.side === side) return tracker;
    }
    return this.#meet(new SectionTracker(consumer, section, { ...this.#options, side }));
  }

  /** Whoever is met from now on is put on the list as well. */
  noteNew(list: SectionTracker[]): void {
    this.#newOnes = list;
  }

  isFollowedBy(consumer: Consumer): boolean {
    for (const tracker of this.#trackers) if (tracker.isFollowing && tracker.consumer === consumer) return true;
    return false;
  }

  /** Nothing is mapped yet. */
  follow(consumer: Consumer, section: Section, side: Side): SectionTracker {
    const tracker = this.of(consumer, section, side);
    assert(tracker.standing === AWAY, 'a consumer follows a section once, and after what was left over of it is gone');
    tracker.standing = FOLLOWING;
    return tracker;
  }

  /** The section goes. `unmaps`: its mappings go as well, and what the consumer will not let go of is left over. */
  leave(consumer: Consumer, section: Section, unmaps: boolean): void {
    let count = 0;
    for (const tracker of this.#trackers) {
      if (!isAt(tracker, consumer, section)) continue;
      count += 1;
      if (unmaps && tracker.unmapMapped(0, section.block.pageCount) !== 0) tracker.standing = LEFT_OVER;
      else sendAway(tracker);
    }
    assert(count > 0, 'a consumer leaves a section it follows');
  }

  /** It did not come to follow: what it mapped since `begin` is undone, and what it will not let go of is left over. */
  abandon(consumer: Consumer, section: Section): void {
    for (const tracker of this.#trackers) {
      if (!isAt(tracker, consumer, section)) continue;
      tracker.undo();
      if (this.#options.rollback && tracker.holdsAny(0, section.block.pageCount)) tracker.standing = LEFT_OVER;
      else sendAway(tracker);
    }
  }

  /** The consumer comes back to the block: what was left over goes first. A refusal is the answer, and may be repeated. */
  settle(consumer: Consumer): Status {
    for (const tracker of this.#trackers) {
      if (tracker.standing !== LEFT_OVER || tracker.consumer !== consumer) continue;
      const status = tracker.unmapMapped(0, tracker.section.block.pageCount);
      if (status !== 0) return status;
      sendAway(tracker);
    }
    return 0;
  }

  /** The consumer follows nothing any more, here or elsewhere: whatever it held went with it. */
  close(consumer: Consumer): void {
    for (const tracker of this.#trackers) {
      if (tracker.standing === LEFT_OVER && tracker.consumer === consumer) sendAway(tracker);
    }
  }

  #meet(tracker: SectionTracker): SectionTracker {
    insert(this.#trackers, tracker);
    insert(tracker.side === 'shared' ? this.#onShared : this.#onPrivate, tracker);
    this.#newOnes?.push(tracker);
    return tracker;
  }
}

/** Before those who are told later; of equals before those met earlier. */
function insert(trackers: SectionTracker[], tracker: SectionTracker): void {
  const later = trackers.findIndex((other) => tellOrder(tracker, other) <= 0);
  trackers.splice(later === -1 ? trackers.length : later, 0, tracker);
}

function isAt(tracker: SectionTracker, consumer: Consumer, section: Section): boolean {
  return tracker.isFollowing && tracker.consumer === consumer && tracker.section === section;
}

function sendAway(tracker: SectionTracker): void {
  tracker.standing = AWAY;
  tracker.forget();
}
