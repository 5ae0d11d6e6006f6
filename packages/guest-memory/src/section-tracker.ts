// SPDX-License-Identifier: MIT
/**
 * What one consumer has mapped of one section on one side, kept by a strategy: which pages, and what the operation
 * under way changed, so that it can be undone exactly.
 *
 * Lifecycle per operation: `begin` -> any `mapMissing`, `unmapMapped` -> done, or `undo` after a refusal. The mapped
 * bits always say what the consumer really holds; an undo that is itself refused leaves them true, and a later
 * `mapMissing` or `unmapMapped` repairs the rest. The consumer must not roll back its own failing run
 * (`ListenerProfile.rollback` is `none`); `Consumer.done` says how far it came.
 *
 * A building block for strategies; none of QEMU's designs has it. Not covered: mappings that anyone else makes.
 */
import { Bitmap, type Condition, forEachRunWhere } from '@sda-lab/core-bitmap';
import type { Side } from './page.ts';
import type { Consumer } from './ports/consumer.ts';
import { intersectSection, type Section } from './section.ts';
import { ERRNO, type Status } from './status.ts';

export interface TrackerOptions {
  /** Pages per mapping; the finest step in which the state can change later. `run`: one mapping for each whole run. */
  readonly granulePages: number | 'run';
  /** Unmap only what is mapped, and one mapping at a time where the consumer wants that; else the window as it is. */
  readonly exactUnmaps: boolean;
  /** Keep to the pages the section shows. */
  readonly clip: boolean;
  /** Undo what was done; when false, `undo` forgets it. */
  readonly rollback: boolean;
  /** The side it maps pages on. @defaultValue 'shared' */
  readonly side?: Side;
}

export const EXACT_TRACKING: TrackerOptions = {
  granulePages: 1,
  exactUnmaps: true,
  clip: true,
  rollback: true,
};

interface Step {
  readonly mapped: boolean;
  readonly firstPage: number;
  readonly endPage: number;
}

export class SectionTracker {
  readonly consumer: Consumer;
  readonly section: Section;
  readonly side: Side;
  /** By block page: 1 = the consumer holds a mapping of this section over it. */
  readonly mapped: Bitmap;
  readonly #options: TrackerOptions;
  #steps: Step[] = [];

  constructor(consumer: Consumer, section: Section, options: TrackerOptions = EXACT_TRACKING) {
    this.consumer = consumer;
    this.section = section;
    this.side = options.side ?? 'shared';
    this.#options = options;
    this.mapped = new Bitmap(section.block.pageCount);
  }

  /** Starts an operation: what came before can no longer be undone. */
  begin(): void {
    this.#steps = [];
  }

  /** Maps each run of [firstPage, endPage) where all of `wanted` holds and nothing is mapped yet. */
  mapMissing(wanted: readonly Condition[], firstPage: number, endPage: number): Status {
    const window = this.#window(firstPage, endPage);
    if (window === undefined) return 0;
    const missing = [...wanted, { bits: this.mapped, is: false }];
    return forEachRunWhere(missing, window.firstPage, window.endPage, (first, end) => this.#map(first, end));
  }

  /** Unmaps what is mapped of [firstPage, endPage). */
  unmapMapped(firstPage: number, endPage: number): Status {
    const window = this.#window(firstPage, endPage);
    if (window === undefined) return 0;
    if (!this.#options.exactUnmaps) return this.#unmap(window.firstPage, window.endPage);
    return this.mapped.forEachSetRun(window.firstPage, window.endPage, (first, end) =>
      this.#unmap(first, end),
    );
  }

  /**
   * Reverses every step since `begin`, last first, as far as the consumer lets it. What was unmapped is mapped again only
   * where all of `remapWhere` holds: a page that somebody kept on the other side is not this tracker's any more.
   */
  undo(remapWhere: readonly Condition[] = []): void {
    const steps = this.#steps;
    this.#steps = [];
    if (this.#options.rollback) for (const step of steps.toReversed()) this.#reverse(step, remapWhere);
    this.#steps = [];
  }

  /** Whether any page of [firstPage, endPage) is mapped. */
  holdsAny(firstPage: number, endPage: number): boolean {
    return this.mapped.nextSet(firstPage, endPage) !== endPage;
  }

  #map(firstPage: number, endPage: number): Status {
    const count = endPage - firstPage;
    const granulePages = this.#options.granulePages === 'run' ? count : this.#options.granulePages;
    if (granulePages < this.consumer.smallestPages) return -ERRNO.EINVAL;
    const status = this.consumer.mapRun(this.section, this.side, firstPage, count, granulePages);
    const doneEnd = firstPage - (firstPage % granulePages) + this.consumer.done * granulePages;
    const heldEnd = status === 0 ? endPage : Math.min(doneEnd, endPage);
    if (heldEnd > firstPage) {
      this.mapped.set(firstPage, heldEnd);
      this.#steps.push({ mapped: true, firstPage, endPage: heldEnd });
    }
    return status;
  }

  #unmap(firstPage: number, endPage: number): Status {
    const { exactUnmaps, granulePages } = this.#options;
    const isOneByOne = exactUnmaps && granulePages !== 'run' && this.consumer.unmapShape === 'exact';
    for (let first = firstPage; first < endPage; ) {
      const end = isOneByOne ? Math.min(first - (first % granulePages) + granulePages, endPage) : endPage;
      const status = this.consumer.unmapRun(this.section, this.side, first, end - first);
      if (status !== 0) return status;
      this.#forget(first, end);
      first = end;
    }
    return 0;
  }

  /** Only what was mapped is a step: an unmap of the whole window names more. */
  #forget(firstPage: number, endPage: number): void {
    this.mapped.forEachSetRun(firstPage, endPage, (first, end) => {
      this.#steps.push({ mapped: false, firstPage: first, endPage: end });
      return 0;
    });
    this.mapped.clear(firstPage, endPage);
  }

  /** Pages that an earlier part of the undo could not change are left alone. */
  #reverse({ mapped, firstPage, endPage }: Step, remapWhere: readonly Condition[]): void {
    const where: [Condition, ...Condition[]] = [{ bits: this.mapped, is: mapped }, ...(mapped ? [] : remapWhere)];
    forEachRunWhere(where, firstPage, endPage, (first, end) => {
      if (mapped) this.#unmap(first, end);
      else this.#map(first, end);
      return 0;
    });
  }

  #window(firstPage: number, endPage: number): { firstPage: number; endPage: number } | undefined {
    if (this.#options.clip) return intersectSection(this.section, firstPage, endPage);
    return { firstPage, endPage };
  }
}
