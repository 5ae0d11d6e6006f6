// SPDX-License-Identifier: MIT
/**
 * One guest's memory: RAM blocks and what backs each page on each side, the address space, the KVM memory attributes,
 * and the process memory a kernel pins from. It obeys; it decides nothing. Strategies act on it through `Host`.
 *
 * Lifecycle of a page's backing: hole -> populated (CPU access, or a pin faulting it in) -> discarded (hole again).
 * In the two-backend regime a page has a shared and a private hole or frame of its own; in the in-place regime both
 * names mean one guest_memfd frame that changes owner.
 *
 * Sources: Linux 7.2 virt/kvm/guest_memfd.c and kvm_main.c (attributes), mm/shmem.c (holes); QEMU 10.2.2
 * system/physmem.c. The in-place conversion follows the kernel series "guest_memfd: in-place conversion" v8
 * (18 June 2026), not in a release yet. Not covered: huge pages of guest_memfd, transparent
 * huge pages, resizing, NUMA, poisoned pages.
 */
import { Bitmap } from '@sda-lab/core-bitmap';
import { AddressSpace } from './address-space.ts';
import { assert } from './assert.ts';
import type { BlockState } from './block-state.ts';
import { DiscardCoordination } from './discard-coordination.ts';
import { FrameTable } from './frame-table.ts';
import type { GfnRange } from './gfn-range.ts';
import type { Side } from './page.ts';
import type { Regime } from './ports/host.ts';
import type { Words } from './ports/words.ts';
import type { PageRange, RamBlock } from './ram-block.ts';
import type { Section } from './section.ts';
import { SlotAttributes } from './slot-attributes.ts';
import { ERRNO, type Status } from './status.ts';
import { createPageNumbers, leafPagesOf, type PageNumbers, type PageStorage } from './storage/page-numbers.ts';
import { RunFrameTable } from './storage/run-frame-table.ts';
import type { UserMemory } from './user-memory.ts';
import type { FrameNames } from './words/frame-names.ts';
import { MemoryWords } from './words/memory-words.ts';

/** Told after each change of a backing, an attribute or an owner; it looks and must not act. */
export interface MemoryObserver {
  /** Holes were filled, by the guest's access or by a pin, with frames of consecutive identity. */
  populated(block: RamBlock, firstPage: number, endPage: number, side: Side, firstFrame: number): void;
  /** Frames left the backing. */
  discarded(range: PageRange, side: Side): void;
  attributesSet(gfns: GfnRange, side: Side): void;
  /** The in-place counterpart of `attributesSet`. */
  convertedInPlace(range: PageRange, side: Side): void;
}

export interface GuestMemoryOptions {
  readonly regime: Regime;
  /** Guest page numbers below this can be named; sections must lie below it. */
  readonly gfnCount: number;
  /** @defaultValue 'exact' */
  readonly storage?: PageStorage;
}

/** Host pages of different blocks never adjoin, so that a mapping cannot run from one block into the next. */
const HOST_GAP_PAGES = 1024;
/** 3 TiB. Low enough that host pages of any but huge guests are what engines call small integers, which are faster. */
const FIRST_HOST_PAGE = 0x3000_0000;

/**
 * Host page numbers from here on name pages of guest_memfd, which no process can map: a handle for a kernel that pins
 * by file, above every address a process has (2^47 bytes) and below 2^52.
 */
const GUEST_MEMFD_FIRST_PAGE = 2 ** 48;

/**
 * The host page number of a block's private side, for `pinPage` and `peekPage`. Hypothetical: no released kernel lets
 * IOMMU_IOAS_MAP_FILE pin private guest_memfd (the SEV-TIO series 20250218111017.491719-1 would).
 */
export function guestMemfdHostPage(block: RamBlock, page: number): number {
  return GUEST_MEMFD_FIRST_PAGE + block.hostFirstPage + page;
}

/** 2^64 bytes in pages. A range that ends here wraps to 0, which KVM refuses like one beyond it. */
const GFN_LIMIT = 2 ** 52;

export class GuestMemory implements UserMemory {
  readonly regime: Regime;
  readonly storage: PageStorage;
  readonly frames: FrameTable;
  readonly addressSpace: AddressSpace = new AddressSpace();
  readonly coordination: DiscardCoordination = new DiscardCoordination();
  observer: MemoryObserver | undefined = undefined;
  /** First pinned page of the last refused in-place conversion: the kernel's error_offset, in pages. */
  firstPinnedPage = -1;
  readonly #gfnCount: number;
  #hasWords = false;
  readonly #attributes = new SlotAttributes();
  /** A guest has few blocks, so they are found by a walk. */
  readonly #blocks: BlockState[] = [];
  readonly #ramBlocks: RamBlock[] = [];
  /** The block asked for last: walks over pages ask for the same one again and again. */
  #lastState: BlockState | undefined = undefined;

  constructor(options: GuestMemoryOptions) {
    this.regime = options.regime;
    this.#gfnCount = options.gfnCount;
    this.storage = options.storage ?? 'exact';
    this.frames = this.storage === 'exact' ? new FrameTable() : new RunFrameTable(leafPagesOf(this.storage));
  }

  get blocks(): readonly RamBlock[] {
    return this.#ramBlocks;
  }

  addBlock(
    name: string,
    pageCount: number,
    hasGuestMemfd: boolean,
    more: Pick<RamBlock, 'isPluggable' | 'hugePages'> = {},
  ): RamBlock {
    const { hugePages = 1 } = more;
    assert(pageCount % hugePages === 0, 'a block is whole pages of the memory behind it');
    assert(hugePages === 1 || this.regime === 'two-backend', 'only a shared side of its own lies on hugetlbfs');
    const last = this.#blocks.at(-1)?.block;
    const hostFirstPage =
      last === undefined ? FIRST_HOST_PAGE : last.hostFirstPage + last.pageCount + HOST_GAP_PAGES;
    const block: RamBlock = { name, pageCount, hostFirstPage, hasGuestMemfd, ...more };
    const privatePages = new Bitmap(pageCount);
    if (hasGuestMemfd) privatePages.set(0, pageCount);
    const homes = { shared: this.frames.addHomes(pageCount), private: hasGuestMemfd ? this.frames.addHomes(pageCount) : 0 };
    const state: BlockState = { block, shared: undefined, private: undefined, homes, privatePages };
    this.#blocks.push(state);
    this.#ramBlocks.push(block);
    return block;
  }

  /**
   * A section becomes a KVM slot. With guest_memfd QEMU sets the attributes of the whole slot private each time
   * (kvm_set_phys_mem), whatever they were when an earlier slot was there. In place there are no attributes: which side
   * a page is on belongs to guest_memfd and survives.
   */
  addSection(section: Section): void {
    this.addressSpace.add(section);
    if (!section.block.hasGuestMemfd || this.regime === 'in-place') return;
    const gfns = { firstGfn: section.firstGfn, endGfn: section.firstGfn + section.pageCount };
    assert(gfns.endGfn <= this.#gfnCount, 'a section lies below gfnCount');
    this.#attributes.of(gfns);
    this.setAttributes(gfns, 'private');
  }

  /** The KVM slot goes. Attributes belong to the VM and stay; so does what backs the block's pages. */
  removeSection(section: Section): void {
    this.addressSpace.remove(section);
  }

  /** The side the guest uses at a page of a section. */
  sideAt(section: Section, page: number): Side {
    if (!section.block.hasGuestMemfd) return 'shared';
    const isPrivate =
      this.regime === 'in-place'
        ? this.#state(section.block).privatePages.test(page)
        : this.#attributes.isPrivate(section.firstGfn + page - section.firstPage);
    return isPrivate ? 'private' : 'shared';
  }

  /** The frame that backs a page on a side, or 0. In place, only the side the page is on has one. */
  backing(block: RamBlock, page: number, side: Side): number {
    const state = this.#state(block);
    const isPrivate = side === 'private';
    if (this.regime === 'in-place' && isPrivate !== state.privatePages.test(page)) return 0;
    const frames = isPrivate && this.regime !== 'in-place' ? state.private : state.shared;
    return frames === undefined ? 0 : frames.get(page);
  }

  /** Where a page's run of equal `sideAt` ends, at `endPage` at the latest; it may be earlier. */
  endOfSide(section: Section, page: number, endPage: number): number {
    if (!section.block.hasGuestMemfd) return endPage;
    if (this.regime === 'in-place') return endOfEqual(this.#state(section.block).privatePages, page, endPage);
    const toGfn = section.firstGfn - section.firstPage;
    return this.#attributes.endOfRun(page + toGfn, endPage + toGfn) - toGfn;
  }

  /** Where the frames that back a page and those behind it stop to be a run, on any side; `endPage` at the latest. */
  endOfBacking(block: RamBlock, page: number, endPage: number): number {
    const state = this.#state(block);
    let end = this.regime === 'in-place' ? endOfEqual(state.privatePages, page, endPage) : endPage;
    if (state.shared !== undefined) end = state.shared.endOfRun(page, end);
    if (state.private !== undefined) end = state.private.endOfRun(page, end);
    return end;
  }

  /** The guest (or a pin) touches a page: its frame on that side, made if it was a hole. */
  populate(block: RamBlock, page: number, side: Side): number {
    const state = this.#state(block);
    const slot: Side = this.regime === 'in-place' ? 'shared' : side;
    const frames = (state[slot] ??= createPageNumbers(this.storage, 'identities', block.pageCount));
    const present = frames.get(page);
    if (present !== 0) return present;
    const { hugePages = 1 } = block;
    // A fault on hugetlbfs brings the whole huge page.
    const fillCount = side === 'shared' ? hugePages : 1;
    const first = page - (page % fillCount);
    this.#fill(state, slot, first, first + fillCount, side);
    return frames.get(page);
  }

  pinPage(hostPage: number, _write: boolean): number {
    if (hostPage >= GUEST_MEMFD_FIRST_PAGE) return this.#pinPrivate(hostPage - GUEST_MEMFD_FIRST_PAGE);
    const at = this.#locate(hostPage);
    if (at === undefined) return -ERRNO.EFAULT;
    const page = hostPage - at.block.hostFirstPage;
    // A private page of an in-place guest_memfd faults with SIGBUS in the process.
    if (this.regime === 'in-place' && at.privatePages.test(page)) return -ERRNO.EFAULT;
    const frame = this.populate(at.block, page, 'shared');
    this.frames.pin(frame);
    return frame;
  }

  pinPages(hostPage: number, pageCount: number, _write: boolean, tell: (index: number, count: number, frame: number) => void): number {
    const side: Side = hostPage >= GUEST_MEMFD_FIRST_PAGE ? 'private' : 'shared';
    const firstHost = side === 'private' ? hostPage - GUEST_MEMFD_FIRST_PAGE : hostPage;
    const state = this.#locate(firstHost);
    if (state === undefined || (side === 'private' && !state.block.hasGuestMemfd)) return 0;
    const first = firstHost - state.block.hostFirstPage;
    const end = this.#endOfPinnable(state, side, first, Math.min(first + pageCount, state.block.pageCount));
    const frames = this.#populateRun(state, first, end, side);
    for (let page = first; page < end; ) {
      const runEnd = frames.endOfRun(page, end);
      const frame = frames.get(page);
      this.frames.pinRun(frame, runEnd - page);
      tell(page - first, runEnd - page, frame);
      page = runEnd;
    }
    return end - first;
  }

  peekPage(hostPage: number): number {
    const isPrivate = hostPage >= GUEST_MEMFD_FIRST_PAGE;
    const page = isPrivate ? hostPage - GUEST_MEMFD_FIRST_PAGE : hostPage;
    const at = this.#locate(page);
    if (at === undefined) return 0;
    return this.backing(at.block, page - at.block.hostFirstPage, isPrivate ? 'private' : 'shared');
  }

  endOfPeek(hostPage: number, endHostPage: number): number {
    const toHost = hostPage >= GUEST_MEMFD_FIRST_PAGE ? GUEST_MEMFD_FIRST_PAGE : 0;
    const state = this.#locate(hostPage - toHost);
    // Of pages that are nobody's each is asked for alone.
    if (state === undefined) return hostPage + 1;
    const shift = toHost + state.block.hostFirstPage;
    return shift + this.endOfBacking(state.block, hostPage - shift, Math.min(endHostPage - shift, state.block.pageCount));
  }

  /** By file: the guest_memfd page itself, as long as it is private where one file serves both sides. */
  #pinPrivate(hostPage: number): number {
    const at = this.#locate(hostPage);
    if (at === undefined || !at.block.hasGuestMemfd) return -ERRNO.EFAULT;
    const page = hostPage - at.block.hostFirstPage;
    if (this.regime === 'in-place' && !at.privatePages.test(page)) return -ERRNO.EFAULT;
    const frame = this.populate(at.block, page, 'private');
    this.frames.pin(frame);
    return frame;
  }

  /** KVM takes any guest pages, backed or not; those that no section ever showed nobody can see, so they are not kept. */
  setAttributes(gfns: GfnRange, side: Side): Status {
    if (this.regime === 'in-place') return -ERRNO.EINVAL;
    if (gfns.firstGfn >= gfns.endGfn || gfns.endGfn >= GFN_LIMIT) return -ERRNO.EINVAL;
    this.#attributes.assign(gfns.firstGfn, gfns.endGfn, side === 'private');
    this.observer?.attributesSet(gfns, side);
    return 0;
  }

  convertInPlace(range: PageRange, side: Side): Status {
    if (this.regime !== 'in-place' || !range.block.hasGuestMemfd || !isInside(range)) return -ERRNO.EINVAL;
    const state = this.#state(range.block);
    if (side === 'private') {
      this.firstPinnedPage = this.#firstPinned(state, range);
      if (this.firstPinnedPage !== -1) return -ERRNO.EAGAIN;
    }
    state.privatePages.assign(range.firstPage, range.endPage, side === 'private');
    if (state.shared !== undefined) this.#setOwners(state.shared, range, side);
    this.observer?.convertedInPlace(range, side);
    return 0;
  }

  /**
   * Hole punch or madvise over one side. In place the one backing is punched, whatever the side. On hugetlbfs a range
   * that is not whole huge pages is refused with -1, as QEMU's ram_block_discard_range does before it calls the kernel.
   */
  discard(range: PageRange, side: Side): Status {
    if (!isInside(range)) return -ERRNO.EINVAL;
    if (side === 'shared' && !isWholeHugePages(range)) return -1;
    const state = this.#state(range.block);
    const frames = this.regime === 'in-place' ? state.shared : state[side];
    if (frames !== undefined) this.#dropFrames(frames, range);
    this.observer?.discarded(range, side);
    return 0;
  }

  /**
   * The VM is rebuilt: the block's guest_memfd is a new, empty one and its pages are private. Two-backend: the shared
   * side stays as it was (observed on QEMU 11.1.3: a reset discards no shared RAM); who wants it freed discards it.
   */
  rebuild(block: RamBlock): void {
    const range = { block, firstPage: 0, endPage: block.pageCount };
    this.discard(range, 'private');
    if (this.regime === 'in-place') {
      this.#state(block).privatePages.set(0, block.pageCount);
      this.observer?.convertedInPlace(range, 'private');
      return;
    }
    for (const { block: shown, firstGfn, pageCount } of this.addressSpace.sections) {
      if (shown === block) this.setAttributes({ firstGfn, endGfn: firstGfn + pageCount }, 'private');
    }
  }

  /**
   * The memory's state as words, its frames named by `names` (made for this memory's frame table). `sections` are all
   * that can ever be there, memslots that come and go included. Blocks are those of now; none may come later. Once.
   */
  words(names: FrameNames, sections: readonly Section[]): Words {
    assert(names.frames === this.frames, 'names are those of the frames of this memory');
    assert(!this.#hasWords, 'a guest memory has words once');
    this.#hasWords = true;
    const { regime, addressSpace, coordination } = this;
    return new MemoryWords(
      { regime, blocks: this.#blocks, attributes: this.#attributes, addressSpace, coordination },
      names,
      sections,
    );
  }

  /** Fills pages that are holes all of them. */
  #fill(state: BlockState, slot: Side, first: number, end: number, side: Side): void {
    const { block, homes } = state;
    const numbers = state[slot]!;
    for (let page = first; page < end; ) {
      const frame = this.frames.allocateRun(homes[slot] + page, end - page, side);
      const runEnd = page + this.frames.allocatedCount;
      numbers.setRun(page, runEnd, frame);
      this.observer?.populated(block, page, runEnd, side, frame);
      page = runEnd;
    }
  }

  /** Fills the holes of a run, as `populate` does page by page. */
  #populateRun(state: BlockState, first: number, end: number, side: Side): PageNumbers {
    const { block } = state;
    const slot: Side = this.regime === 'in-place' ? 'shared' : side;
    const numbers = (state[slot] ??= createPageNumbers(this.storage, 'identities', block.pageCount));
    const isHuge = side === 'shared' && (block.hugePages ?? 1) > 1;
    for (let page = first; page < end; ) {
      const runEnd = numbers.endOfRun(page, end);
      if (numbers.get(page) !== 0) page = runEnd;
      else if (isHuge) this.populate(block, page, side);
      else this.#fill(state, slot, page, runEnd, side);
    }
    return numbers;
  }

  /** In place, one side cannot be pinned as the other. */
  #endOfPinnable({ privatePages }: BlockState, side: Side, first: number, end: number): number {
    if (this.regime !== 'in-place') return end;
    return side === 'shared' ? privatePages.nextSet(first, end) : privatePages.nextClear(first, end);
  }

  #dropFrames(frames: PageNumbers, range: PageRange): void {
    for (let page = range.firstPage; page < range.endPage; ) {
      const frame = frames.get(page);
      const end = frames.endOfRun(page, range.endPage);
      if (frame !== 0) {
        frames.setRun(page, end, 0);
        this.frames.unbackRun(frame, end - page);
      }
      page = end;
    }
  }

  #setOwners(frames: PageNumbers, range: PageRange, side: Side): void {
    for (let page = range.firstPage; page < range.endPage; ) {
      const frame = frames.get(page);
      const end = frames.endOfRun(page, range.endPage);
      if (frame !== 0) this.frames.setOwnerRun(frame, end - page, side);
      page = end;
    }
  }

  /** Pages that are private already do not change owner; only a kernel that pins by file could have pinned one. */
  #firstPinned({ shared, privatePages }: BlockState, range: PageRange): number {
    if (shared === undefined) return -1;
    for (let page = range.firstPage; page < range.endPage; ) {
      const frame = shared.get(page);
      const isPrivate = privatePages.test(page);
      let end = shared.endOfRun(page, range.endPage);
      if (end > page + 1) end = endOfEqual(privatePages, page, end);
      if (end > page + 1 && frame !== 0) end = page + this.frames.endOfRun(frame, frame + end - page) - frame;
      if (!isPrivate && frame !== 0 && this.frames.pins(frame) > 0) return page;
      page = end;
    }
    return -1;
  }

  #locate(hostPage: number): BlockState | undefined {
    for (const state of this.#blocks) {
      const { hostFirstPage, pageCount } = state.block;
      if (hostPage >= hostFirstPage && hostPage < hostFirstPage + pageCount) return state;
    }
    return undefined;
  }

  #state(block: RamBlock): BlockState {
    const last = this.#lastState;
    return last !== undefined && last.block === block ? last : this.#find(block);
  }

  #find(block: RamBlock): BlockState {
    for (const state of this.#blocks) {
      if (state.block !== block) continue;
      this.#lastState = state;
      return state;
    }
    assert(false, 'a block belongs to the guest memory it is used with');
  }
}

function endOfEqual(bits: Bitmap, first: number, end: number): number {
  return bits.test(first) ? bits.nextClear(first, end) : bits.nextSet(first, end);
}

function isWholeHugePages({ block: { hugePages = 1 }, firstPage, endPage }: PageRange): boolean {
  return hugePages === 1 || (firstPage % hugePages === 0 && endPage % hugePages === 0);
}

function isInside(range: PageRange): boolean {
  return (
    range.firstPage >= 0 && range.firstPage < range.endPage && range.endPage <= range.block.pageCount
  );
}
