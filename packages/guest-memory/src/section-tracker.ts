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
import type { CostMeter } from './ports/cost-meter.ts';
import type { Section } from './section.ts';
import { ERRNO, type Status } from './status.ts';
import { StepLog } from './step-log.ts';

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
  /** Counts flat bitmaps read over the range asked for, and runs told. */
  readonly meter?: CostMeter | undefined;
}

export const EXACT_TRACKING: TrackerOptions = {
  granulePages: 1,
  exactUnmaps: true,
  clip: true,
  rollback: true,
};

/** Whether the consumer follows the section now. */
export type Standing = typeof AWAY | typeof FOLLOWING | typeof LEFT_OVER;

export const AWAY = 0;
export const FOLLOWING = 1;
/** It went, and holds mappings still. */
export const LEFT_OVER = 2;

const EVERYWHERE: readonly Condition[] = [];

export class SectionTracker {
  readonly consumer: Consumer;
  readonly section: Section;
  readonly side: Side;
  /** By block page: 1 = the consumer holds a mapping of this section over it. */
  readonly mapped: Bitmap;
  /** Kept by whoever owns the tracker. */
  standing: Standing = AWAY;
  readonly #options: TrackerOptions;
  /** The pages it keeps to. */
  readonly #firstPage: number;
  readonly #endPage: number;
  readonly #steps: StepLog = new StepLog();
  readonly #held: readonly Condition[];
  /** The conditions asked for last, and the same with "not mapped yet" beside them. */
  #wanted: readonly Condition[] = EVERYWHERE;
  #missing: readonly Condition[];

  constructor(consumer: Consumer, section: Section, options: TrackerOptions = EXACT_TRACKING) {
    this.consumer = consumer;
    this.section = section;
    this.side = options.side ?? 'shared';
    this.#options = options;
    this.mapped = new Bitmap(section.block.pageCount);
    this.#firstPage = options.clip ? section.firstPage : 0;
    this.#endPage = options.clip ? section.firstPage + section.pageCount : Infinity;
    this.#held = [{ bits: this.mapped, is: true }];
    this.#missing = [{ bits: this.mapped, is: false }];
  }

  get isFollowing(): boolean {
    return this.standing === FOLLOWING;
  }

  /** Starts an operation: what came before can no longer be undone. */
  begin(): void {
    this.#steps.clear();
  }

  /** The consumer holds nothing, as when it was met first. */
  forget(): void {
    this.#steps.clear();
    this.mapped.clear(0, this.mapped.bitCount);
  }

  /**
   * Maps each run of [firstPage, endPage) where all of `wanted` holds and nothing is mapped yet. `wanted` is a list that
   * never changes; who gives the same one again saves its making.
   */
  mapMissing(wanted: readonly Condition[], firstPage: number, endPage: number): Status {
    const first = Math.max(firstPage, this.#firstPage);
    const end = Math.min(endPage, this.#endPage);
    if (first >= end) return 0;
    const missing = this.#missingOf(wanted);
    this.#options.meter?.scanned(first, end, missing.length);
    return forEachRunWhere(missing, first, end, this.#mapRun);
  }

  /** Unmaps what is mapped of [firstPage, endPage). */
  unmapMapped(firstPage: number, endPage: number): Status {
    const first = Math.max(firstPage, this.#firstPage);
    const end = Math.min(endPage, this.#endPage);
    if (first >= end) return 0;
    this.#options.meter?.scanned(first, end, 1);
    return this.#options.exactUnmaps ? this.mapped.forEachSetRun(first, end, this.#unmapRun) : this.#unmapRun(first, end);
  }

  /**
   * Reverses every step since `begin`, last first, as far as the consumer lets it. What was unmapped is mapped again only
   * where all of `remapWhere` holds: a page that somebody kept on the other side is not this tracker's any more.
   */
  undo(remapWhere: readonly Condition[] = EVERYWHERE): void {
    const last = this.#options.rollback ? this.#steps.count - 1 : -1;
    // What a reversal does is noted behind the steps it goes through.
    for (let step = last; step >= 0; step -= 1) this.#reverse(step, remapWhere);
    this.#steps.clear();
  }

  /** Whether any page of [firstPage, endPage) is mapped. */
  holdsAny(firstPage: number, endPage: number): boolean {
    return this.mapped.nextSet(firstPage, endPage) !== endPage;
  }

  #missingOf(wanted: readonly Condition[]): readonly Condition[] {
    if (wanted !== this.#wanted) {
      this.#missing = [...wanted, { bits: this.mapped, is: false }];
      this.#wanted = wanted;
    }
    return this.#missing;
  }

  readonly #mapRun = (firstPage: number, endPage: number): Status => {
    const count = endPage - firstPage;
    const granulePages = this.#options.granulePages === 'run' ? count : this.#options.granulePages;
    if (granulePages < this.consumer.smallestPages) return -ERRNO.EINVAL;
    this.#note();
    const status = this.consumer.mapRun(this.section, this.side, firstPage, count, granulePages);
    if (status === 0) this.#noteMapped(firstPage, endPage);
    else {
      const doneEnd = firstPage - (firstPage % granulePages) + this.consumer.done * granulePages;
      this.#noteMapped(firstPage, Math.min(doneEnd, endPage));
    }
    return status;
  };

  #note(): void {
    const { meter } = this.#options;
    if (meter !== undefined) meter.notifications += 1;
  }

  #noteMapped(firstPage: number, endPage: number): void {
    if (endPage <= firstPage) return;
    this.mapped.set(firstPage, endPage);
    this.#steps.push(true, firstPage, endPage);
  }

  readonly #unmapRun = (firstPage: number, endPage: number): Status => {
    const { exactUnmaps, granulePages } = this.#options;
    const isOneByOne = exactUnmaps && granulePages !== 'run' && this.consumer.unmapShape === 'exact';
    for (let first = firstPage; first < endPage; ) {
      const end = isOneByOne ? Math.min(first - (first % granulePages) + granulePages, endPage) : endPage;
      this.#note();
      const status = this.consumer.unmapRun(this.section, this.side, first, end - first);
      if (status !== 0) return status;
      if (exactUnmaps) this.#noteUnmapped(first, end);
      // Only what was mapped is a step: an unmap of the whole window names more.
      else this.mapped.forEachSetRun(first, end, this.#noteUnmapped);
      this.mapped.clear(first, end);
      first = end;
    }
    return 0;
  };

  readonly #noteUnmapped = (firstPage: number, endPage: number): Status => {
    this.#steps.push(false, firstPage, endPage);
    return 0;
  };

  /** Pages that an earlier part of the undo could not change are left alone. */
  #reverse(step: number, remapWhere: readonly Condition[]): void {
    const isMap = this.#steps.isMap(step);
    const where = isMap ? this.#held : this.#missingOf(remapWhere);
    forEachRunWhere(where, this.#steps.firstPage(step), this.#steps.endPage(step), isMap ? this.#takeRun : this.#giveRun);
  }

  /** A refusal of an undo is not heard; the bits say what it left. */
  readonly #takeRun = (firstPage: number, endPage: number): Status => {
    this.#unmapRun(firstPage, endPage);
    return 0;
  };

  readonly #giveRun = (firstPage: number, endPage: number): Status => {
    this.#mapRun(firstPage, endPage);
    return 0;
  };
}
