// SPDX-License-Identifier: MIT
/**
 * Mappings that a consumer would not let go of when a section went at run time (a memslot, say). Nobody follows the
 * section any more and the mappings are still there; they go before the consumer follows it again. A consumer that
 * follows nothing any more has been closed, and its mappings with it.
 *
 * A building block for strategies; QEMU prints the refusal and forgets it. Not covered: a consumer that is closed while
 * it follows something.
 */
import type { Consumer } from './ports/consumer.ts';
import type { Section } from './section.ts';
import type { SectionTracker } from './section-tracker.ts';
import type { Status } from './status.ts';

export class LeftOvers {
  #trackers: readonly SectionTracker[] = [];

  /** The tracker's section goes. `isLast`: the consumer follows nothing any more. */
  leave(tracker: SectionTracker, isLast: boolean): void {
    const status = tracker.unmapMapped(0, tracker.section.block.pageCount);
    if (isLast) this.#trackers = this.#trackers.filter(({ consumer }) => consumer !== tracker.consumer);
    else if (status !== 0) this.#trackers = [...this.#trackers, tracker];
  }

  /** The section comes back: what was left over of it goes first. A refusal is the answer, and may be repeated. */
  settle(consumer: Consumer, section: Section): Status {
    for (const tracker of this.#trackers) {
      if (tracker.consumer !== consumer || tracker.section.block !== section.block) continue;
      const status = tracker.unmapMapped(0, section.block.pageCount);
      if (status !== 0) return status;
      this.#trackers = this.#trackers.filter((other) => other !== tracker);
    }
    return 0;
  }
}
