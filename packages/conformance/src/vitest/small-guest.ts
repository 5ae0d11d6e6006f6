// SPDX-License-Identifier: MIT
/**
 * One block of 16 pages with a plug source, a consumer that writes down what it maps, and a host that agrees to all:
 * for what a plug source tells a design outside of a guest's requests. No kernel, listener or virtio-mem is behind it,
 * and no judge looks: a test compares what is mapped and shown itself.
 */
import {
  type Consumer,
  ERRNO,
  type Host,
  type Instance,
  type PageRange,
  type PlugSource,
  type RamBlock,
  type Section,
  type Strategy,
} from '@sda-lab/guest-memory';

export interface SmallGuestOptions {
  readonly hasGuestMemfd?: boolean;
  readonly without?: readonly string[];
}

const HOST: Host = {
  regime: 'two-backend',
  isDiscardDisabled: false,
  setAttributes: () => 0,
  convertInPlace: () => -ERRNO.EINVAL,
  discard: () => 0,
  lock: () => true,
  unlock: () => undefined,
  exit: () => undefined,
};

export class SmallGuest {
  readonly block: RamBlock;
  readonly section: Section;
  readonly instance: Instance;
  readonly mapped = new Set<number>();
  /** Pages the source's own bitmap calls plugged; it answers for those below `usableEnd` only. */
  readonly plugged = new Set<number>();
  usableEnd = 16;
  /** The map call at this page is refused. */
  refusedPage = -1;
  readonly source: PlugSource = {
    name: 'm0',
    granulePages: 4,
    isPlugged: (first, end) => end <= this.usableEnd && pages(first, end).every((page) => this.plugged.has(page)),
  };
  readonly #consumer: Consumer = {
    name: 'c0',
    sides: 'shared',
    smallestPages: 1,
    unmapShape: 'range',
    done: 0,
    mapRun: (_section, _side, first, count) => this.#map(first, first + count),
    unmapRun: (_section, _side, first, count) => {
      for (const page of pages(first, first + count)) this.mapped.delete(page);
      return 0;
    },
  };

  constructor(strategy: Strategy, { hasGuestMemfd = true, without = [] }: SmallGuestOptions = {}) {
    this.block = { name: 'm0', pageCount: 16, hostFirstPage: 0, hasGuestMemfd, isPluggable: true };
    this.section = { name: 'm0', block: this.block, firstPage: 0, pageCount: 16, firstGfn: 0, readonly: false };
    this.instance = strategy.create(HOST, new Set(without));
    this.instance.addBlock(this.block);
    this.instance.attachSource(this.block, this.source);
  }

  attach(): number {
    return this.instance.subscribe(this.#consumer, this.section);
  }

  share(first: number, end: number): number {
    const gfns = { firstGfn: first, endGfn: end };
    return this.instance.convert({ pages: this.range(first, end), gfns }, 'shared');
  }

  plug(first: number, end: number): number {
    const status = this.instance.plug.willPlug(this.source, this.range(first, end));
    if (status !== 0) return status;
    for (const page of pages(first, end)) this.plugged.add(page);
    this.instance.plug.plugged(this.source, this.range(first, end));
    return 0;
  }

  /** A bitmap comes into force at once, and is told afterwards. */
  load(...runs: readonly (readonly [first: number, end: number])[]): number {
    for (const [first, end] of runs) for (const page of pages(first, end)) this.plugged.add(page);
    return this.instance.plug.loaded(this.source, this.range(0, 16), (from, to, emit) => {
      for (const [first, end] of runs) {
        const [low, high] = [Math.max(first, from), Math.min(end, to)];
        const status = low < high ? emit(low, high) : 0;
        if (status !== 0) return status;
      }
      return 0;
    });
  }

  range(firstPage: number, endPage: number): PageRange {
    return { block: this.block, firstPage, endPage };
  }

  get mappedPages(): number[] {
    return [...this.mapped].toSorted((a, b) => a - b);
  }

  /** `2-4 shared`, as a view shows it. */
  view(view: 'dma' | 'migrate'): string[] {
    const runs: string[] = [];
    this.instance.runs(this.block, view, 0, 16, (first, end, side) => {
      runs.push(`${first}-${end} ${side}`);
      return 0;
    });
    return runs;
  }

  #map(first: number, end: number): number {
    if (this.refusedPage >= first && this.refusedPage < end) return -ERRNO.ENOMEM;
    for (const page of pages(first, end)) {
      if (this.mapped.has(page)) return -ERRNO.EEXIST;
      this.mapped.add(page);
    }
    return 0;
  }
}

function pages(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, at) => first + at);
}
