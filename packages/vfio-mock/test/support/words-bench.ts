// SPDX-License-Identifier: MIT
/*
 * A small guest memory and two containers over it, with everything that can be done to them and seen of them. Mappings
 * may be what no sane design makes: off their pages, across two windows, outside of all.
 * Operations name pages modulo what there is, so every shrink stays legal.
 */
import {
  ERRNO,
  FrameNames,
  GuestMemory,
  guestMemfdHostPage,
  type RamBlock,
  type Regime,
  type Section,
  type Side,
  type Words,
  type WordsSubject,
  WorldWords,
} from '@sda-lab/guest-memory';
import {
  type BackendId,
  containerWords,
  createContainer,
  ProcessAccount,
  windowOf,
  WORLD_BACKEND_IDS,
} from '@sda-lab/vfio-mock';
import fc from 'fast-check';
import { CHARGED_TO_USER } from '../../src/_internals/page-record.ts';
import { PageContainer } from '../../src/page-container.ts';

export const OUTSIDE_PAGES = 3;
const RAM_PAGES = 6;
/** IOVA pages the operations name: around the windows, one far above, and one that no word can name. */
const FAR = 2 ** 30;
const TOO_FAR = 2 ** 34;
const IOVA_PAGES: readonly number[] = [...Array.from({ length: 16 }, (_, at) => at + 2), 32, 33, FAR, TOO_FAR];

export interface Shape {
  readonly regime: Regime;
  readonly backends: readonly [BackendId, BackendId];
  readonly hasOneAccount: boolean;
  readonly capIpcLock: boolean;
  readonly limitPages: number;
}

export const shapes: fc.Arbitrary<Shape> = fc.record({
  regime: fc.constantFrom('two-backend', 'in-place'),
  backends: fc.tuple(fc.constantFrom(...WORLD_BACKEND_IDS), fc.constantFrom(...WORLD_BACKEND_IDS)),
  hasOneAccount: fc.boolean(),
  capIpcLock: fc.boolean(),
  limitPages: fc.constantFrom(3, Infinity),
});

interface Fault {
  readonly k: number;
}

export type ContainerOperation =
  | {
      readonly op: 'map';
      readonly which: number;
      readonly iova: number;
      readonly count: number;
      readonly granule: number;
      readonly writable: boolean;
      /** The page the section shows there, the same on its private side, or one `count` pages on. */
      readonly host: 'right' | 'private' | 'wrong';
      readonly fault: Fault | undefined;
    }
  | { readonly op: 'unmap'; readonly which: number; readonly iova: number; readonly count: number; readonly fault: Fault | undefined }
  | { readonly op: 'unmap-all'; readonly which: number }
  | { readonly op: 'populate' | 'discard' | 'convert'; readonly page: number; readonly count: number; readonly side: Side };

const which = fc.nat(1);
const iova = fc.nat(IOVA_PAGES.length - 1);
const count = fc.integer({ min: 1, max: 4 });
const fault: fc.Arbitrary<Fault | undefined> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.record({ k: fc.integer({ min: 1, max: 3 }) }) },
);
const side: fc.Arbitrary<Side> = fc.constantFrom('shared', 'private');

const map = (host: fc.Arbitrary<'right' | 'private' | 'wrong'>): fc.Arbitrary<ContainerOperation> =>
  fc.record({
    op: fc.constant('map' as const),
    which,
    iova,
    count,
    fault,
    host,
    granule: fc.constantFrom(1, 1, 2, 4),
    writable: fc.boolean(),
  });

const operation: fc.Arbitrary<ContainerOperation> = fc.oneof(
  { weight: 8, arbitrary: map(fc.constant('right')) },
  { weight: 2, arbitrary: map(fc.constantFrom('private', 'wrong')) },
  { weight: 5, arbitrary: fc.record({ op: fc.constant('unmap' as const), which, iova, count, fault }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('unmap-all' as const), which }) },
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constantFrom('populate' as const, 'discard' as const, 'convert' as const),
      page: fc.nat(RAM_PAGES - 1),
      count,
      side,
    }),
  },
);

export const containerOperations: fc.Arbitrary<ContainerOperation[]> = fc.array(operation, { maxLength: 25, size: 'max' });

/** Where tests put faults: names, and the words of each container. */
export interface Parts {
  readonly names: (memory: GuestMemory) => FrameNames;
  readonly container: (words: Words, container: PageContainer) => Words;
}

export const SOUND_PARTS: Parts = { names: ({ frames }) => new FrameNames(frames), container: (words) => words };

export class ContainersBench implements WordsSubject<ContainerOperation> {
  readonly words: WorldWords;
  readonly containerWordCount: number;
  readonly memory: GuestMemory;
  readonly containers: readonly PageContainer[];
  readonly sections: readonly Section[];
  readonly #ram: RamBlock;

  constructor(shape: Shape, parts: Parts = SOUND_PARTS) {
    const { regime, backends, hasOneAccount, limitPages, capIpcLock } = shape;
    const memory = new GuestMemory({ regime, gfnCount: 64 });
    this.memory = memory;
    this.#ram = memory.addBlock('ram', RAM_PAGES, true);
    const rom = memory.addBlock('rom', 1, false);
    const ram = { block: this.#ram, readonly: false };
    // The first two adjoin in both address spaces, so one mapping can lie across them.
    this.sections = [
      { ...ram, name: 'low', firstPage: 0, pageCount: 3, firstGfn: 4 },
      { ...ram, name: 'high', firstPage: 3, pageCount: 3, firstGfn: 7 },
      { name: 'rom', block: rom, firstPage: 0, pageCount: 1, firstGfn: 32, readonly: true },
      { ...ram, name: 'alias', firstPage: 0, pageCount: 2, firstGfn: 12 },
    ];
    for (const section of this.sections) memory.addSection(section);
    const account = new ProcessAccount({ limitPages, capIpcLock });
    this.containers = backends.map((backend, at) => {
      const accounts = hasOneAccount ? { account } : { memlock: { limitPages, capIpcLock } };
      const container = createContainer(backend, { memory, name: `c${at}`, dmaEntryLimit: 6, ...accounts });
      if (!(container instanceof PageContainer)) throw new Error(`${backend} has no pages`);
      return container;
    });
    const names = parts.names(memory);
    const windows = this.sections.map(windowOf);
    const containers = this.containers.map((container) =>
      parts.container(containerWords(container, { names, windows, outsidePages: OUTSIDE_PAGES }), container),
    );
    this.containerWordCount = containers[0]!.count;
    this.words = new WorldWords(names, {
      memory: memory.words(names, this.sections),
      containers,
      listeners: [],
      devices: [],
      others: [],
    });
  }

  act(each: ContainerOperation): string {
    if (each.op === 'map') return this.#map(each);
    if (each.op === 'unmap') return this.#unmap(each);
    if (each.op === 'unmap-all') return String(this.containers[each.which]!.unmapAll());
    const { page: firstPage, count: pages, side: to } = each;
    const range = { block: this.#ram, firstPage, endPage: Math.min(RAM_PAGES, firstPage + pages) };
    if (each.op === 'discard') return String(this.memory.discard(range, to));
    if (each.op === 'convert') return String(this.memory.convertInPlace(range, to));
    this.memory.populate(this.#ram, firstPage, to);
    return '-';
  }

  /** Frames by the order in which they are reached here: backings first, then by container and IOVA. */
  look(): string {
    const reached: number[] = [];
    const { frames, coordination } = this.memory;
    const named = (frame: number): string => {
      if (frame === 0) return '-';
      if (!reached.includes(frame)) reached.push(frame);
      const kind = frames.isOrphan(frame) ? 'orphan' : 'backed';
      return `${reached.indexOf(frame)} ${kind} ${frames.owner(frame)} ${frames.pins(frame)}`;
    };
    const backed = this.memory.blocks.map((block) =>
      Array.from({ length: block.pageCount }, (_, page) =>
        `${named(this.memory.backing(block, page, 'shared'))}/${named(this.memory.backing(block, page, 'private'))}`,
      ),
    );
    const { liveCount, orphanCount, pinCount } = frames;
    const isInside = (page: number): boolean =>
      this.sections.some(({ firstGfn, pageCount }) => page >= firstGfn && page < firstGfn + pageCount);
    // Pages of the windows first, as the order of names has it.
    const probed = IOVA_PAGES.flatMap((page) => (page >= FAR ? [0, 1, 2, 3].map((at) => page + at) : [page]));
    const ordered = [...new Set([...probed, 34, 35, 36, 18, 19, 20, 21])];
    ordered.sort((one, other) => Number(isInside(other)) - Number(isInside(one)) || one - other);
    const containers = this.containers.map((container) => lookAt(container, ordered, named));
    const sides = this.sections.map((section) =>
      Array.from({ length: section.pageCount }, (_, at) => this.memory.sideAt(section, section.firstPage + at)),
    );
    return JSON.stringify([backed, sides, containers, { liveCount, orphanCount, pinCount }, coordination]);
  }

  /** Mapped pages that are not in a window at the host page expected there. */
  outsideOf(container: PageContainer): number[] {
    const outside: number[] = [];
    container.records.forEach(0, Infinity, ({ first, count: pages, host }) => {
      for (let at = 0; at < pages; at += 1) if (!this.#isExpected(first + at, host + at)) outside.push(first + at);
    });
    return outside;
  }

  /** Whether its words have room for what a container maps. */
  fits(container: PageContainer): boolean {
    const outside = this.outsideOf(container);
    return outside.length <= OUTSIDE_PAGES && outside.every((page) => page < TOO_FAR);
  }

  #isExpected(page: number, host: number): boolean {
    const section = this.sections.find(({ firstGfn, pageCount }) => page >= firstGfn && page < firstGfn + pageCount);
    if (section === undefined) return false;
    const blockPage = section.firstPage + page - section.firstGfn;
    const isPrivate = section.block.hasGuestMemfd && host === guestMemfdHostPage(section.block, blockPage);
    return isPrivate || host === section.block.hostFirstPage + blockPage;
  }

  #map(each: Extract<ContainerOperation, { op: 'map' }>): string {
    const container = this.containers[each.which]!;
    const iovaPage = IOVA_PAGES[each.iova]!;
    const section = this.sections.find(({ firstGfn, pageCount }) => iovaPage >= firstGfn && iovaPage < firstGfn + pageCount);
    const { block, firstPage, firstGfn } = section ?? this.sections[0]!;
    const page = section === undefined ? each.count % RAM_PAGES : firstPage + iovaPage - firstGfn;
    const hostPage = {
      right: block.hostFirstPage + page,
      private: guestMemfdHostPage(block, page),
      wrong: block.hostFirstPage + ((page + each.count) % block.pageCount),
    }[each.host];
    const status = withFault(container, 'map', each.fault, () =>
      container.mapPages(iovaPage, hostPage, each.count, each.granule, each.writable),
    );
    return `${status} ${container.done}`;
  }

  #unmap(each: Extract<ContainerOperation, { op: 'unmap' }>): string {
    const container = this.containers[each.which]!;
    const status = withFault(container, 'unmap', each.fault, () => container.unmapPages(IOVA_PAGES[each.iova]!, each.count));
    return `${status} ${container.unmappedPages}`;
  }
}

/** Faults live inside one operation. */
function withFault(container: PageContainer, call: 'map' | 'unmap', planned: Fault | undefined, act: () => number): number {
  if (planned !== undefined) container.faults.refuse(call, planned.k, ERRNO.ENOMEM);
  const status = act();
  container.faults.heal();
  return status;
}

function lookAt(container: PageContainer, pages: readonly number[], named: (frame: number) => string): unknown {
  const mappings: string[] = [];
  container.forEachMapping((page, pageCount) => mappings.push(`${page}+${pageCount}`));
  const { lockedVm, pinnedVm, userLockedVm } = container.account;
  const { mappingCount, entriesAvailable } = container;
  return {
    mappings,
    counts: { mappingCount, entriesAvailable, lockedVm, pinnedVm, userLockedVm },
    pages: pages.filter((page) => container.isMapped(page)).map((page) => {
      const { host, first, flags } = container.records.at(page)!;
      const charged = (flags & CHARGED_TO_USER) !== 0;
      const rights = container.isWritable(page) ? 'rw' : 'r';
      // An unpinned page leads to what backs it now, which is in the list already.
      const leads = container.traits.pins ? named(container.translate(page)) : String(container.translate(page) === 0);
      return `${page} from ${host + page - first} ${rights} ${String(charged)} ${leads}`;
    }),
  };
}
