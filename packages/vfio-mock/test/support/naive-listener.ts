// SPDX-License-Identifier: MIT
/**
 * The listener once more, as lines: which map and unmap calls a sequence of operations must lead to, page by page. The
 * strategy in it is that of the bench. Shares no code with the listener; does not cover the limit check and remaps.
 */
import type { ListenerProfile, Section } from '@sda-lab/guest-memory';
import { clipped, type Run } from './listener-bench.ts';

export interface NaiveOptions {
  readonly profile: ListenerProfile;
  readonly pipelinesTransactions: boolean;
  readonly granulePages: number;
  readonly heedsRefusals: boolean;
  readonly populated: (section: Section) => readonly Run[];
  /** Ordinals of map calls that the door refuses. */
  readonly refusedMaps: ReadonlySet<number>;
}

export class NaiveListener {
  lines: string[] = [];
  followed: Section[] = [];
  isAttached = false;
  mapCalls = 0;
  exits = 0;
  readonly #options: NaiveOptions;

  constructor(options: NaiveOptions) {
    this.#options = options;
  }

  attach(sections: readonly Section[]): boolean {
    this.isAttached = true;
    for (const section of sections) {
      if (this.#add(section)) continue;
      this.detach();
      return false;
    }
    return true;
  }

  detach(): void {
    for (const section of this.followed.toSorted((a, b) => a.firstGfn - b.firstGfn)) this.#unmapWhole(section);
    this.followed = [];
    this.isAttached = false;
  }

  addSection(section: Section): boolean {
    const done = this.#add(section);
    if (!done && this.#options.profile.refusedSection === 'exit') this.exits += 1;
    return done;
  }

  removeSection(section: Section): void {
    this.followed = this.followed.filter((one) => one !== section);
    this.#unmapWhole(section);
  }

  /** Outside a transaction. */
  mapRun(section: Section, run: Run): boolean {
    return this.#mapRun(section, run, true);
  }

  unmapRun(section: Section, { first, end }: Run): void {
    this.lines.push(`unmap ${gfn(section, first)}+${end - first}`);
  }

  #add(section: Section): boolean {
    const isHeard = this.#options.profile.awaitsAttach || !this.#options.pipelinesTransactions;
    if (!section.block.hasGuestMemfd) {
      const end = section.firstPage + section.pageCount;
      if (!this.#mapOne(section, { first: section.firstPage, end }) && isHeard) return false;
    } else {
      for (const run of clipped(this.#options.populated(section), section)) {
        if (this.#mapRun(section, run, isHeard)) continue;
        if (this.#options.heedsRefusals) return false;
        break;
      }
    }
    this.followed.push(section);
    return true;
  }

  #mapRun(section: Section, run: Run, isHeard: boolean): boolean {
    for (const granule of this.#granules(run)) {
      if (this.#mapOne(section, granule) || !isHeard) continue;
      if (this.#options.profile.rollback === 'run') this.unmapRun(section, run);
      return false;
    }
    return true;
  }

  /** Pages of the run, in groups that lie in one granule of the block. */
  #granules(run: Run): Run[] {
    const { granulePages } = this.#options;
    if (run.end - run.first === granulePages) return [run];
    const found: { first: number; end: number }[] = [];
    for (let page = run.first; page < run.end; page += 1) {
      const last = found.at(-1);
      if (last !== undefined && page % granulePages !== 0) last.end = page + 1;
      else found.push({ first: page, end: page + 1 });
    }
    return found;
  }

  #mapOne(section: Section, { first, end }: Run): boolean {
    const isRefused = this.#options.refusedMaps.has(this.mapCalls);
    this.mapCalls += 1;
    const host = section.block.hostFirstPage + first;
    const rights = section.readonly ? 'r' : 'rw';
    this.lines.push(`map ${gfn(section, first)}+${end - first} from ${host} ${rights}${isRefused ? ' !' : ''}`);
    return !isRefused;
  }

  #unmapWhole(section: Section): void {
    this.unmapRun(section, { first: section.firstPage, end: section.firstPage + section.pageCount });
  }
}

function gfn(section: Section, page: number): number {
  return section.firstGfn + page - section.firstPage;
}
