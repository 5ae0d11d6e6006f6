// SPDX-License-Identifier: MIT
/**
 * One block under the extended manager: two planes of state (shared, plugged), at most one plug source, and the
 * consumers that follow its sections, on one side or on both, told in an order that does not depend on who came when. A
 * page is due to a device that is plugged, on the side it is on.
 *
 * All-or-nothing over consumers: `map` and `unmap` stop at the first refusal and say so; `undo` puts every consumer
 * back to where the operation began.
 */
import { Bitmap, type Condition } from '@sda-lab/core-bitmap';
import {
  Followers,
  type IsAllPrivate,
  type PlugSource,
  type RamBlock,
  type SectionTracker,
  type Side,
  type Status,
  type TrackerOptions,
} from '@sda-lab/guest-memory';

/** All of these hold. */
export type Where = readonly Condition[];

export class ExtendedBlock {
  readonly block: RamBlock;
  /** 1 = shared. Starts all private, as the KVM attributes do. */
  readonly shared: Bitmap;
  /** 1 = plugged. All set while there is no plug source. */
  readonly plugged: Bitmap;
  source: PlugSource | undefined = undefined;
  readonly followers: Followers;
  /* Conditions are made once: every operation asks some of them. */
  readonly isPlugged: Where;
  /** What holds of a page that is on a side. */
  readonly isOn: Readonly<Record<Side, Where>>;
  /** What holds of a page that is due on a side. */
  readonly isDue: Readonly<Record<Side, Where>>;
  readonly isAllPrivate: IsAllPrivate = (firstPage, endPage) => this.shared.allClear(firstPage, endPage);

  constructor(block: RamBlock, tracking: TrackerOptions) {
    this.block = block;
    this.shared = new Bitmap(block.pageCount);
    if (!block.hasGuestMemfd) this.shared.set(0, block.pageCount);
    this.plugged = new Bitmap(block.pageCount);
    this.plugged.set(0, block.pageCount);
    this.followers = new Followers(tracking);
    const [shared, inPrivate] = [{ bits: this.shared, is: true }, { bits: this.shared, is: false }];
    this.isPlugged = [{ bits: this.plugged, is: true }];
    this.isOn = { shared: [shared], private: [inPrivate] };
    this.isDue = { shared: [shared, ...this.isPlugged], private: [inPrivate, ...this.isPlugged] };
  }

  begin(): void {
    for (const tracker of this.followers.all) tracker.begin();
  }

  /** Of one side, or of both. */
  undo(side?: Side): void {
    for (const tracker of this.#of(side)) if (tracker.isFollowing) tracker.undo(this.isOn[tracker.side]);
  }

  /** Maps what is missing on a side, for every consumer; the first refusal stops. */
  map(where: Where, firstPage: number, endPage: number, side: Side): Status {
    for (const tracker of this.followers.on(side)) {
      const status = tracker.isFollowing ? tracker.mapMissing(where, firstPage, endPage) : 0;
      if (status !== 0) return status;
    }
    return 0;
  }

  /** The same on both sides. */
  mapBoth(where: Readonly<Record<Side, Where>>, firstPage: number, endPage: number): Status {
    const status = this.map(where.shared, firstPage, endPage, 'shared');
    return status === 0 ? this.map(where.private, firstPage, endPage, 'private') : status;
  }

  /** Unmaps the range for every consumer, of one side or of both; the first refusal stops unless `heedRefusal` is false. */
  unmap(firstPage: number, endPage: number, heedRefusal: boolean, side?: Side): Status {
    for (const tracker of this.#of(side)) {
      const status = tracker.isFollowing ? tracker.unmapMapped(firstPage, endPage) : 0;
      if (status !== 0 && heedRefusal) return status;
    }
    return 0;
  }

  isHeld(page: number, side: Side): boolean {
    return this.followers.on(side).some(({ isFollowing, mapped }) => isFollowing && mapped.test(page));
  }

  #of(side: Side | undefined): readonly SectionTracker[] {
    return side === undefined ? this.followers.all : this.followers.on(side);
  }
}
