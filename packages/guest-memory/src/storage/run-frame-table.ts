// SPDX-License-Identifier: MIT
/**
 * The frame table of a guest that is stored by runs: the same frames, counts and generations, kept as runs of equal
 * state over consecutive identities.
 *
 * Each page of a block has an identity of its own on each side, its home (`addHomes`), which the frame gets that fills
 * the page's hole; so the frames of neighbouring pages have neighbouring identities whatever came and went before. While
 * an orphan still has the home, identities behind all homes are handed out, those of the run freed last first.
 *
 * Not covered: words for a search (`clear`, `recreate`), which works in exact storage.
 */
import { assert } from '../assert.ts';
import { FrameTable } from '../frame-table.ts';
import type { Side } from '../page.ts';
import { LEAF_PAGES, RunNumbers } from './run-numbers.ts';

const FREE = 0;
const BACKED = 1;
const ORPHAN = 2;
const PRIVATE = 4;

interface IdentityRun {
  readonly first: number;
  readonly end: number;
}

export class RunFrameTable extends FrameTable {
  readonly #leafPages: number;
  readonly #kind: RunNumbers;
  readonly #pins: RunNumbers;
  readonly #allocations: RunNumbers;
  /** Content of the few frames that were written: by identity, by byte offset. */
  readonly #words = new Map<number, Map<number, number>>();
  readonly #homes: IdentityRun[] = [];
  /** Freed identities that are nobody's home, the last freed on top. */
  readonly #free: IdentityRun[] = [];
  /** Identities from here on were never handed out; a multiple of the leaf. */
  #nextFresh: number;
  #liveCount = 0;
  #peakLiveCount = 0;
  #orphanCount = 0;
  #pinCount = 0;

  constructor(leafPages: number = LEAF_PAGES) {
    super();
    this.#leafPages = leafPages;
    // Identity 0 is "no frame"; homes begin with a leaf, as the pages do whose homes they are.
    this.#nextFresh = leafPages;
    this.#kind = new RunNumbers('marks', leafPages, leafPages);
    this.#pins = new RunNumbers('marks', leafPages, leafPages);
    this.#allocations = new RunNumbers('marks', leafPages, leafPages);
  }

  override get liveCount(): number {
    return this.#liveCount;
  }

  override get peakLiveCount(): number {
    return this.#peakLiveCount;
  }

  override get orphanCount(): number {
    return this.#orphanCount;
  }

  override get pinCount(): number {
    return this.#pinCount;
  }

  override get endIdentity(): number {
    return this.#nextFresh;
  }

  /** Identities for so many pages; answers the first one's, and those of the others follow. */
  override addHomes(pageCount: number): number {
    const first = this.#reserve(pageCount);
    this.#homes.push({ first, end: first + pageCount });
    return first;
  }

  override allocate(owner: Side): number {
    return this.#take(this.#freeRun(1), owner);
  }

  override allocateRun(home: number, pageCount: number, owner: Side): number {
    const end = this.#kind.endOfRun(home, home + pageCount);
    const isThere = this.#kind.get(home) === FREE;
    return this.#take(isThere ? { first: home, end } : this.#freeRun(end - home), owner);
  }

  override unback(frame: number): void {
    this.unbackRun(frame, 1);
  }

  override unbackRun(first: number, count: number): void {
    this.#forEachPiece(first, first + count, (at, end, kind, pins) => {
      assert((kind & BACKED) !== 0, 'only a backed frame can be unbacked');
      if (pins === 0) {
        this.#release(at, end);
        return;
      }
      this.#kind.setRun(at, end, kind + ORPHAN - BACKED);
      this.#orphanCount += end - at;
    });
  }

  override pin(frame: number): void {
    this.pinRun(frame, 1);
  }

  override pinRun(first: number, count: number): void {
    this.#forEachPiece(first, first + count, (at, end, kind, pins) => {
      assert(kind !== FREE, 'a free frame cannot be pinned');
      this.#pins.setRun(at, end, pins + 1);
    });
    this.#pinCount += count;
  }

  override unpin(frame: number): void {
    this.unpinRun(frame, 1);
  }

  override unpinRun(first: number, count: number): void {
    this.#forEachPiece(first, first + count, (at, end, kind, pins) => {
      assert(pins > 0, 'a frame is unpinned as often as it was pinned');
      this.#pins.setRun(at, end, pins - 1);
      this.#pinCount -= end - at;
      if (pins > 1 || (kind & ORPHAN) === 0) return;
      this.#orphanCount -= end - at;
      this.#release(at, end);
    });
  }

  override clear(): void {
    assert(false, 'frames stored by runs are not loaded from words; use exact storage');
  }

  override recreate(_isPrivate: boolean, _isBacked: boolean): number {
    this.clear();
    return 0;
  }

  override pins(frame: number): number {
    return this.#isKnown(frame) ? this.#pins.get(frame) : 0;
  }

  override generation(frame: number): number {
    return this.#isKnown(frame) ? this.#allocations.get(frame) : 0;
  }

  override isOrphan(frame: number): boolean {
    return (this.#kindOf(frame) & ORPHAN) !== 0;
  }

  override isPrivate(frame: number): boolean {
    return (this.#kindOf(frame) & PRIVATE) !== 0;
  }

  override setOwner(frame: number, owner: Side): void {
    this.setOwnerRun(frame, 1, owner);
  }

  override setOwnerRun(first: number, count: number, owner: Side): void {
    this.#forEachPiece(first, first + count, (at, end, kind) => {
      assert(kind !== FREE, 'a free frame has no owner');
      this.#kind.setRun(at, end, owner === 'private' ? kind | PRIVATE : kind & ~PRIVATE);
    });
  }

  override endOfRun(first: number, end: number): number {
    const sameKind = this.#kind.endOfRun(first, end);
    return this.#allocations.endOfRun(first, this.#pins.endOfRun(first, sameKind));
  }

  override read(frame: number, offsetBytes = 0): number {
    assert(this.#kindOf(frame) !== FREE, 'a free frame is not read');
    return this.#words.get(frame)?.get(offsetBytes) ?? 0;
  }

  override write(frame: number, value: number, offsetBytes = 0): void {
    assert(this.#kindOf(frame) !== FREE, 'a free frame is not written');
    let words = this.#words.get(frame);
    if (words === undefined) {
      words = new Map();
      this.#words.set(frame, words);
    }
    words.set(offsetBytes, value);
  }

  override zero(frame: number): void {
    this.#words.delete(frame);
  }

  /** Makes frames of a run of free identities, or as many of them as there were one beside the other. */
  #take({ first, end }: IdentityRun, owner: Side): number {
    const count = end - first;
    this.#kind.setRun(first, end, owner === 'private' ? BACKED | PRIVATE : BACKED);
    for (let at = first; at < end; ) {
      const same = this.#allocations.endOfRun(at, end);
      this.#allocations.setRun(at, same, this.#allocations.get(at) + 1);
      at = same;
    }
    this.#liveCount += count;
    if (this.#liveCount > this.#peakLiveCount) this.#peakLiveCount = this.#liveCount;
    this.allocatedCount = count;
    return first;
  }

  /** Identities that are nobody's home: at most so many, at least one. */
  #freeRun(count: number): IdentityRun {
    const last = this.#free.pop();
    if (last === undefined) {
      const first = this.#reserve(count);
      const end = first + count;
      // The rest of a leaf that was begun for a few frames serves the next ones.
      if (end < this.#nextFresh - 1) this.#free.push({ first: end, end: this.#nextFresh - 1 });
      return { first, end };
    }
    if (last.end - last.first <= count) return last;
    this.#free.push({ first: last.first, end: last.end - count });
    return { first: last.end - count, end: last.end };
  }

  /** Runs that were reserved apart never adjoin, so no run of frames reaches from one into the other. */
  #reserve(count: number): number {
    const first = this.#nextFresh;
    const leaves = Math.ceil((count + 1) / this.#leafPages);
    this.#nextFresh = first + leaves * this.#leafPages;
    for (const numbers of [this.#kind, this.#pins, this.#allocations]) numbers.grow(this.#nextFresh);
    return first;
  }

  #release(first: number, end: number): void {
    this.#kind.setRun(first, end, FREE);
    this.#liveCount -= end - first;
    this.#forgetWords(first, end);
    if (!this.#homes.some((homes) => first >= homes.first && first < homes.end)) this.#free.push({ first, end });
  }

  #forgetWords(first: number, end: number): void {
    if (this.#words.size === 0) return;
    if (end - first < this.#words.size) for (let frame = first; frame < end; frame += 1) this.#words.delete(frame);
    else for (const frame of this.#words.keys()) if (frame >= first && frame < end) this.#words.delete(frame);
  }

  /** Cuts a run where kind or pins change. What is told of a piece is what was so before. */
  #forEachPiece(first: number, end: number, tell: (at: number, end: number, kind: number, pins: number) => void): void {
    assert(first > 0 && end <= this.#nextFresh, 'frames were handed out before they are used');
    for (let at = first; at < end; ) {
      const pieceEnd = this.#pins.endOfRun(at, this.#kind.endOfRun(at, end));
      tell(at, pieceEnd, this.#kind.get(at), this.#pins.get(at));
      at = pieceEnd;
    }
  }

  #kindOf(frame: number): number {
    return this.#isKnown(frame) ? this.#kind.get(frame) : FREE;
  }

  #isKnown(frame: number): boolean {
    return frame < this.#nextFresh;
  }
}
