// SPDX-License-Identifier: MIT
/**
 * One block under the extended manager: two planes of state (shared, plugged), at most one plug source, and the
 * consumers that follow its sections, newest first. A page is due to a device when both planes say so.
 *
 * All-or-nothing over consumers: `mapDue` and `unmap` stop at the first refusal and say so; `undo` puts every consumer
 * back to where the operation began.
 */
import { Bitmap, type Condition } from '@sda-lab/core-bitmap';
import {
  assert,
  type Consumer,
  type Holders,
  type PageRun,
  type PlugSource,
  type RamBlock,
  type Section,
  SectionTracker,
  type Status,
  type TrackerOptions,
} from '@sda-lab/guest-memory';

export class ExtendedBlock implements Holders {
  readonly block: RamBlock;
  /** 1 = shared. Starts all private, as the KVM attributes do. */
  readonly shared: Bitmap;
  /** 1 = plugged. All set while there is no plug source. */
  readonly plugged: Bitmap;
  source: PlugSource | undefined = undefined;
  readonly #trackers: SectionTracker[] = [];

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
    return { bits: this.shared, is: true };
  }

  get isPlugged(): Condition {
    return { bits: this.plugged, is: true };
  }

  follow(consumer: Consumer, section: Section, options: TrackerOptions): SectionTracker {
    const tracker = new SectionTracker(consumer, section, options);
    this.#trackers.unshift(tracker);
    return tracker;
  }

  unfollow(consumer: Consumer, section: Section): SectionTracker {
    const at = this.#trackers.findIndex(
      (tracker) => tracker.consumer === consumer && tracker.section === section,
    );
    assert(at !== -1, 'a consumer leaves a section it follows');
    return this.#trackers.splice(at, 1)[0]!;
  }

  begin(): void {
    for (const tracker of this.#trackers) tracker.begin();
  }

  undo(): void {
    for (const tracker of this.#trackers) tracker.undo();
  }

  /** Maps what is missing where all of `due` holds, for every consumer; the first refusal stops. */
  mapDue(due: readonly Condition[], firstPage: number, endPage: number): Status {
    for (const tracker of this.#trackers) {
      const status = tracker.mapMissing(due, firstPage, endPage);
      if (status !== 0) return status;
    }
    return 0;
  }

  /** Unmaps the range for every consumer; the first refusal stops unless `heedRefusal` is false. */
  unmap(firstPage: number, endPage: number, heedRefusal: boolean): Status {
    for (const tracker of this.#trackers) {
      const status = tracker.unmapMapped(firstPage, endPage);
      if (status !== 0 && heedRefusal) return status;
    }
    return 0;
  }

  isHeld(page: number): boolean {
    return this.#trackers.some((tracker) => tracker.mapped.test(page));
  }

  keepShared(run: PageRun): void {
    this.shared.set(run.firstPage, run.endPage);
  }
}
