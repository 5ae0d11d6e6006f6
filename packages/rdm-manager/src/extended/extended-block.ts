// SPDX-License-Identifier: MIT
/**
 * One block under the extended manager: two planes of state (shared, plugged), at most one plug source, and the
 * consumers that follow its sections, newest first, on one side or on both. A page is due to a device that is plugged,
 * on the side it is on.
 *
 * All-or-nothing over consumers: `mapDue` and `unmap` stop at the first refusal and say so; `undo` puts every consumer
 * back to where the operation began.
 */
import { Bitmap, type Condition } from '@sda-lab/core-bitmap';
import {
  assert,
  type Consumer,
  type PlugSource,
  type RamBlock,
  type Section,
  SectionTracker,
  type Side,
  type Status,
  type TrackerOptions,
} from '@sda-lab/guest-memory';

export class ExtendedBlock {
  readonly block: RamBlock;
  /** 1 = shared. Starts all private, as the KVM attributes do. */
  readonly shared: Bitmap;
  /** 1 = plugged. All set while there is no plug source. */
  readonly plugged: Bitmap;
  source: PlugSource | undefined = undefined;
  #trackers: SectionTracker[] = [];

  constructor(block: RamBlock) {
    this.block = block;
    this.shared = new Bitmap(block.pageCount);
    if (!block.hasGuestMemfd) this.shared.set(0, block.pageCount);
    this.plugged = new Bitmap(block.pageCount);
    this.plugged.set(0, block.pageCount);
  }

  get consumerCount(): number {
    return this.#trackers.length;
  }

  get isShared(): Condition {
    return this.isOn('shared');
  }

  get isPlugged(): Condition {
    return { bits: this.plugged, is: true };
  }

  /** What holds of a page that is on a side. */
  isOn(side: Side): Condition {
    return { bits: this.shared, is: side === 'shared' };
  }

  follow(consumer: Consumer, section: Section, options: TrackerOptions): SectionTracker {
    const tracker = new SectionTracker(consumer, section, options);
    this.#trackers.unshift(tracker);
    return tracker;
  }

  /** The trackers of the consumer at the section, one per side it follows. */
  unfollow(consumer: Consumer, section: Section): SectionTracker[] {
    const isLeaving = (tracker: SectionTracker): boolean => tracker.consumer === consumer && tracker.section === section;
    const leaving = this.#trackers.filter(isLeaving);
    assert(leaving.length > 0, 'a consumer leaves a section it follows');
    this.#trackers = this.#trackers.filter((tracker) => !isLeaving(tracker));
    return leaving;
  }

  begin(): void {
    for (const tracker of this.#trackers) tracker.begin();
  }

  /** Of one side, or of both. */
  undo(side?: Side): void {
    for (const tracker of this.#of(side)) tracker.undo([this.isOn(tracker.side)]);
  }

  /** Maps what is missing on a side where all of `due` holds, for every consumer; the first refusal stops. */
  mapDue(due: readonly Condition[], firstPage: number, endPage: number, side: Side = 'shared'): Status {
    for (const tracker of this.#of(side)) {
      const status = tracker.mapMissing(due, firstPage, endPage);
      if (status !== 0) return status;
    }
    return 0;
  }

  /** The same on both sides, each page on the side it is on. */
  mapBoth(due: readonly Condition[], firstPage: number, endPage: number): Status {
    const status = this.mapDue([this.isOn('shared'), ...due], firstPage, endPage);
    return status === 0 ? this.mapDue([this.isOn('private'), ...due], firstPage, endPage, 'private') : status;
  }

  /** Unmaps the range for every consumer, of one side or of both; the first refusal stops unless `heedRefusal` is false. */
  unmap(firstPage: number, endPage: number, heedRefusal: boolean, side?: Side): Status {
    for (const tracker of this.#of(side)) {
      const status = tracker.unmapMapped(firstPage, endPage);
      if (status !== 0 && heedRefusal) return status;
    }
    return 0;
  }

  isFollowedBy(consumer: Consumer): boolean {
    return this.#trackers.some((tracker) => tracker.consumer === consumer);
  }

  isHeld(page: number, side: Side): boolean {
    return this.#of(side).some((tracker) => tracker.mapped.test(page));
  }

  #of(side: Side | undefined): readonly SectionTracker[] {
    return side === undefined ? this.#trackers : this.#trackers.filter((tracker) => tracker.side === side);
  }
}
