// SPDX-License-Identifier: MIT
/**
 * Words of a container whose mappings are whole pages: what each IOVA page of some windows leads to, and a few records
 * for what a broken design maps elsewhere.
 *
 *   pages    one word each, by IOVA: mapped 1 | a mapping begins here 2 | rights << 2 | charged 16 | private side 32
 *            | reference of the pinned frame << 8; 0 when the page is not mapped or leads to an odd host page
 *   outside  `outsidePages` records of four words, by IOVA: a page word, IOVA page, host page (low, high)
 *
 * A page is "outside" when it lies in no window or its host page is neither of the two expected there. With more of them
 * than records, or one above 2^31, the words are not whole, and the names say so.
 *
 * Pins and the charges of the process come back with the mappings. How mappings are merged into records, costs, call
 * counts, peaks and the outcome of the last call are no state; the counts go on over a load and mean nothing then. Faults
 * live inside one operation. Not covered, and not whole: a fault that is still planned, copies that share pages, VADDR
 * updates, dirty tracking. Not covered, and not noticed: IOVA ranges allowed or reserved through the ioctl door.
 */
import { assert, type FrameNames, type Words } from '@sda-lab/guest-memory';
import type { IommuContainer } from '../iommu-container.ts';
import { PageContainer } from '../page-container.ts';
import type { PageWindow } from './page-window.ts';
import { RecordBuilder } from './record-builder.ts';
import { BEGINS, flagsOf, ODD, recordFlagsOf, WindowPages } from './window-pages.ts';

const REF_SHIFT = 8;
const FLAGS_MASK = 2 ** REF_SHIFT - 1;
const OUTSIDE_WORDS = 4;
const IOVA_LIMIT = 2 ** 31;
/** Host page numbers are below 2^53, so they are two numbers below 2^27. */
const HALF = 2 ** 27;

export interface ContainerWordsOptions {
  /** Shared with the words of the memory behind the container, which are stored and loaded first. */
  readonly names: FrameNames;
  readonly windows: readonly PageWindow[];
  /** Room for mapped pages that are not where they are expected. @defaultValue 1 */
  readonly outsidePages?: number;
}

/**
 * The container's state as words, made once per container. Not for the check-only backends, whose mappings are not whole
 * pages.
 */
export function containerWords(container: IommuContainer, options: ContainerWordsOptions): Words {
  assert(container instanceof PageContainer, 'mappings of the container are whole pages');
  return new ContainerWords(container, options);
}

/** A mapped page, as loaded. */
interface LoadedPage {
  readonly page: number;
  readonly host: number;
  readonly flags: number;
}

class ContainerWords implements Words {
  readonly count: number;
  readonly #container: PageContainer;
  readonly #names: FrameNames;
  readonly #pages: WindowPages;
  /** Frames of the pages: all 0 where nothing is pinned. */
  readonly #entries: Int32Array;
  readonly #indexes: Int32Array;
  readonly #builder: RecordBuilder;

  constructor(container: PageContainer, { names, windows, outsidePages = 1 }: ContainerWordsOptions) {
    const { records, frames, memory } = container;
    assert(names.frames === memory.frames, 'names are those of the memory behind the container');
    assert(memory.isReservedFrame === undefined, 'no frame of a searched world is reserved');
    assert(records.watcher === undefined, 'a container has words once');
    this.#container = container;
    this.#names = names;
    this.#pages = new WindowPages(windows);
    records.forEach(0, Infinity, (record) => this.#pages.inserted(record));
    records.watcher = this.#pages;
    this.#builder = new RecordBuilder(records);
    const { entries, indexes } = frames.gather(this.#pages.iovaPages);
    this.#entries = entries;
    this.#indexes = indexes;
    this.count = indexes.length + outsidePages * OUTSIDE_WORDS;
  }

  store(words: Int32Array, at: number): void {
    const { flags, outsideCount } = this.#pages;
    const names = this.#names;
    const entries = this.#entries;
    const indexes = this.#indexes;
    const pageCount = flags.length;
    let seen = 0;
    for (let which = 0; which < pageCount; which += 1) {
      const own = flags[which]!;
      seen |= own;
      words[at + which] = own === 0 ? 0 : own | (names.refOf(entries[indexes[which]!]!) << REF_SHIFT);
    }
    for (let index = at + pageCount; index < at + this.count; index += 1) words[index] = 0;
    const { dirty, faults } = this.#container;
    if ((seen & ODD) !== 0 || dirty.isTracking || faults.isPlanned) names.lose();
    if (outsideCount > 0) this.#storeOutside(words, at + pageCount, at + this.count);
  }

  load(words: Int32Array, at: number): void {
    const { flags, outsideCount } = this.#pages;
    const names = this.#names;
    const entries = this.#entries;
    const indexes = this.#indexes;
    const pageCount = flags.length;
    const hasOutside = this.count > pageCount && words[at + pageCount] !== 0;
    if (outsideCount > 0) this.#forgetOutside();
    let isSame = outsideCount === 0 && !hasOutside;
    for (let which = 0; which < pageCount; which += 1) {
      const word = words[at + which]!;
      const own = word & FLAGS_MASK;
      if (own !== flags[which]) {
        flags[which] = own;
        isSame = false;
      }
      entries[indexes[which]!] = names.pinned(word >>> REF_SHIFT);
    }
    // What maps as it did before keeps its records.
    if (!isSame) this.#rebuild(hasOutside ? this.#loadOutside(words, at) : undefined);
  }

  /** The frames of pages outside are reached after all others, so this is a walk of its own. */
  #storeOutside(words: Int32Array, at: number, end: number): void {
    const { records, frames } = this.#container;
    let index = at;
    records.forEach(0, Infinity, (record) => {
      for (let offset = 0; offset < record.count; offset += 1) {
        const page = record.first + offset;
        const host = record.host + offset;
        if (!this.#pages.isOutside(page, host)) continue;
        const flags = flagsOf(record, offset);
        if (index === end || page >= IOVA_LIMIT || (flags & ODD) !== 0) this.#names.lose();
        if (index === end) return;
        words[index] = flags | (this.#names.refOf(frames.get(page)) << REF_SHIFT);
        words[index + 1] = page;
        words[index + 2] = host % HALF;
        words[index + 3] = Math.floor(host / HALF);
        index += OUTSIDE_WORDS;
      }
    });
  }

  /** Pages outside have their frames now; they come after those of the windows, as their names do. */
  #loadOutside(words: Int32Array, at: number): LoadedPage[] {
    const { frames, traits } = this.#container;
    const loaded: LoadedPage[] = [];
    const end = at + this.count;
    for (let index = at + this.#indexes.length; index < end && words[index] !== 0; index += OUTSIDE_WORDS) {
      const page = words[index + 1]!;
      const frame = this.#names.pinned(words[index]! >>> REF_SHIFT);
      if (traits.pins) frames.set(page, frame);
      const host = words[index + 3]! * HALF + words[index + 2]!;
      loaded.push({ page, host, flags: words[index]! & FLAGS_MASK });
    }
    this.#pages.outsideCount = loaded.length;
    return loaded;
  }

  /** What is mapped outside leads nowhere any more. */
  #forgetOutside(): void {
    const { records, frames, traits } = this.#container;
    this.#pages.outsideCount = 0;
    if (!traits.pins) return;
    records.forEach(0, Infinity, ({ first, count, host }) => {
      for (let offset = 0; offset < count; offset += 1) {
        if (this.#pages.isOutside(first + offset, host + offset)) frames.set(first + offset, 0);
      }
    });
  }

  /** Records anew, from the flags of the windows and the pages outside; the process is charged for the difference. */
  #rebuild(outside: readonly LoadedPage[] | undefined): void {
    const { records, pinner, traits } = this.#container;
    const { pageCount, chargedCount } = records;
    this.#builder.begin();
    if (outside === undefined) {
      for (let which = 0; which < this.#indexes.length; which += 1) this.#addPage(which);
    } else {
      for (const { page, host, flags } of this.#inOrder(outside)) this.#add(page, host, flags);
    }
    this.#builder.finish();
    if (traits.pins) pinner.charge(records.pageCount - pageCount, records.chargedCount - chargedCount);
  }

  #inOrder(outside: readonly LoadedPage[]): LoadedPage[] {
    const { flags, iovaPages } = this.#pages;
    const inside = iovaPages.map((page, which) => {
      const own = flags[which]!;
      return { page, host: this.#pages.hostOf(which, own), flags: own };
    });
    return [...inside.filter((one) => one.flags !== 0), ...outside].toSorted((one, other) => one.page - other.page);
  }

  #addPage(which: number): void {
    const flags = this.#pages.flags[which]!;
    if (flags !== 0) this.#add(this.#pages.iovaPages[which]!, this.#pages.hostOf(which, flags), flags);
  }

  #add(page: number, host: number, flags: number): void {
    this.#builder.add(page, host, recordFlagsOf(flags), (flags & BEGINS) !== 0);
  }
}

