// SPDX-License-Identifier: MIT
/**
 * Host frames: identity, generation, owner, content.
 *
 * Lifecycle: `allocate` makes a frame that a backing holds ("backed"). Pins may be taken and dropped. A discard calls
 * `unback`: a frame without pins is freed at once, a pinned one lives on as an orphan until its last pin goes. Freed
 * identities are reused with the next generation, last freed first. `clear` and `recreate` load a state (`Words`).
 * Runs are frames of consecutive identity; here each is done frame by frame (storage/run-frame-table.ts: at once).
 *
 * Models: struct page reference counting as far as FOLL_PIN and the page cache need it (Linux mm/gup.c,
 * mm/shmem.c). Not covered: large folios, copy-on-write, swapping, migration between zones.
 */
import { assert } from './assert.ts';
import type { Side } from './page.ts';

const FIRST_CAPACITY = 64;

/** What a frame is: 0 while free, else one of the first two; PRIVATE beside it says who owns it. */
const BACKED = 1;
const ORPHAN = 2;
const PRIVATE = 4;

export class FrameTable {
  #kind = new Uint8Array(FIRST_CAPACITY);
  #pins = new Int32Array(FIRST_CAPACITY);
  #allocations = new Uint32Array(FIRST_CAPACITY);
  #word = new Float64Array(FIRST_CAPACITY);
  /** Words at other offsets than 0, keyed frame * 4096 + offset; most guests never use one. */
  #otherWords = new Map<number, number>();
  /** Whether any word was written since all were 0. */
  #isWritten = false;
  /** Freed identities, the last freed on top. */
  #free = new Int32Array(FIRST_CAPACITY);
  #freeCount = 0;
  /** Frames that the last `allocateRun` made. */
  allocatedCount = 0;
  /** Identity 0 is "no frame". */
  #nextFresh = 1;
  #clearCount = 0;
  #peakLiveCount = 0;
  #orphanCount = 0;
  #pinCount = 0;

  /** Frames that exist now: backed ones and orphans. */
  get liveCount(): number {
    return this.#nextFresh - 1 - this.#freeCount;
  }

  /** The largest `liveCount` so far; states that are loaded do not count. */
  get peakLiveCount(): number {
    return this.#peakLiveCount;
  }

  /** Frames that only pins keep alive. */
  get orphanCount(): number {
    return this.#orphanCount;
  }

  /** Pins over all frames; one frame pinned twice counts twice. */
  get pinCount(): number {
    return this.#pinCount;
  }

  /** One more than the highest identity handed out since the table was made or cleared. */
  get endIdentity(): number {
    return this.#nextFresh;
  }

  /** A fresh zero-filled frame, backed and unpinned. Returns its identity, at least 1. */
  allocate(owner: Side): number {
    const frame = this.#takeIdentity();
    assert(this.#kind[frame] === 0, 'a frame is allocated only while free');
    this.#kind[frame] = owner === 'private' ? BACKED | PRIVATE : BACKED;
    this.#word[frame] = 0;
    this.#allocations[frame]! += 1;
    if (this.liveCount > this.#peakLiveCount) this.#peakLiveCount = this.liveCount;
    return frame;
  }

  /** Identities for pages of a block; answers the first one's. Here frames have none of their own. */
  addHomes(_pageCount: number): number {
    return 0;
  }

  /**
   * Frames of consecutive identity for at most `count` pages, whose homes begin at `home`; at least one, and
   * `allocatedCount` says how many. Returns the first one's identity.
   */
  allocateRun(_home: number, _count: number, owner: Side): number {
    this.allocatedCount = 1;
    return this.allocate(owner);
  }

  unbackRun(first: number, count: number): void {
    for (let frame = first; frame < first + count; frame += 1) this.unback(frame);
  }

  pinRun(first: number, count: number): void {
    for (let frame = first; frame < first + count; frame += 1) this.pin(frame);
  }

  unpinRun(first: number, count: number): void {
    for (let frame = first; frame < first + count; frame += 1) this.unpin(frame);
  }

  setOwnerRun(first: number, count: number, owner: Side): void {
    for (let frame = first; frame < first + count; frame += 1) this.setOwner(frame, owner);
  }

  /** Where frames [first, end) stop to be alike in all but content; it may be earlier. */
  endOfRun(first: number, _end: number): number {
    return first + 1;
  }

  /** The backing lets go of the frame: freed now, or an orphan until its last pin goes. */
  unback(frame: number): void {
    assert((this.#kind[frame]! & BACKED) !== 0, 'only a backed frame can be unbacked');
    if (this.#pins[frame] === 0) {
      this.#release(frame);
    } else {
      this.#kind[frame]! += ORPHAN - BACKED;
      this.#orphanCount += 1;
    }
  }

  pin(frame: number): void {
    assert(this.#kind[frame]! > 0, 'a free frame cannot be pinned');
    this.#pins[frame]! += 1;
    this.#pinCount += 1;
  }

  unpin(frame: number): void {
    assert(this.#pins[frame]! > 0, 'a frame is unpinned as often as it was pinned');
    this.#pins[frame]! -= 1;
    this.#pinCount -= 1;
    if (this.#pins[frame] === 0 && this.isOrphan(frame)) {
      this.#orphanCount -= 1;
      this.#release(frame);
    }
  }

  /**
   * Every frame goes, pins and all, as if nobody had ever held one. Identities begin at 1 again; generations go on. For
   * a state that is loaded: whoever holds frames is loaded with it.
   */
  clear(): void {
    for (let frame = 1; frame < this.#nextFresh; frame += 1) {
      this.#kind[frame] = 0;
      this.#pins[frame] = 0;
    }
    if (this.#isWritten) this.#forgetWords();
    this.#clearCount += 1;
    this.#nextFresh = 1;
    this.#freeCount = 0;
    this.#orphanCount = 0;
    this.#pinCount = 0;
  }

  /**
   * A frame of a loaded state, made after `clear` and before anything is freed: backed, or an orphan, which its holders
   * pin before anybody else looks. Identities come in order.
   */
  recreate(isPrivate: boolean, isBacked: boolean): number {
    const frame = this.#nextFresh;
    if (frame === this.#kind.length) this.#grow();
    this.#nextFresh = frame + 1;
    this.#kind[frame] = (isBacked ? BACKED : ORPHAN) | (isPrivate ? PRIVATE : 0);
    if (!isBacked) this.#orphanCount += 1;
    return frame;
  }

  pins(frame: number): number {
    return this.#pins[frame]!;
  }

  /** Grows whenever the identity goes to another frame; tells a frame from its successor. */
  generation(frame: number): number {
    return this.#allocations[frame]! + this.#clearCount;
  }

  isOrphan(frame: number): boolean {
    return (this.#kind[frame]! & ORPHAN) !== 0;
  }

  owner(frame: number): Side {
    return this.isPrivate(frame) ? 'private' : 'shared';
  }

  /** `owner` for hot paths. */
  isPrivate(frame: number): boolean {
    return (this.#kind[frame]! & PRIVATE) !== 0;
  }

  /** In-place conversion: the same frame changes owner, content kept. */
  setOwner(frame: number, owner: Side): void {
    const kind = this.#kind[frame]!;
    assert(kind > 0, 'a free frame has no owner');
    this.#kind[frame] = owner === 'private' ? kind | PRIVATE : kind & ~PRIVATE;
  }

  /** The word at a byte offset of the frame; 0 until written. */
  read(frame: number, offsetBytes = 0): number {
    assert(this.#kind[frame]! > 0, 'a free frame is not read');
    if (offsetBytes === 0) return this.#word[frame]!;
    return this.#otherWords.get(frame * 4096 + offsetBytes) ?? 0;
  }

  write(frame: number, value: number, offsetBytes = 0): void {
    assert(this.#kind[frame]! > 0, 'a free frame is not written');
    this.#isWritten = true;
    if (offsetBytes === 0) this.#word[frame] = value;
    else this.#otherWords.set(frame * 4096 + offsetBytes, value);
  }

  /** Zero-fills a frame in place, as a partial hole in a large folio does. */
  zero(frame: number): void {
    this.#word[frame] = 0;
    this.#forgetOtherWords(frame);
  }

  #release(frame: number): void {
    this.#kind[frame] = 0;
    this.#forgetOtherWords(frame);
    this.#free[this.#freeCount] = frame;
    this.#freeCount += 1;
  }

  #takeIdentity(): number {
    if (this.#freeCount > 0) {
      this.#freeCount -= 1;
      return this.#free[this.#freeCount]!;
    }
    const frame = this.#nextFresh;
    if (frame === this.#kind.length) this.#grow();
    this.#nextFresh = frame + 1;
    return frame;
  }

  #forgetWords(): void {
    this.#word.fill(0, 0, this.#nextFresh);
    this.#otherWords.clear();
    this.#isWritten = false;
  }

  #forgetOtherWords(frame: number): void {
    if (this.#otherWords.size === 0) return;
    for (const key of this.#otherWords.keys()) {
      if (Math.floor(key / 4096) === frame) this.#otherWords.delete(key);
    }
  }

  #grow(): void {
    const capacity = this.#kind.length * 2;
    this.#kind = copyInto(new Uint8Array(capacity), this.#kind);
    this.#pins = copyInto(new Int32Array(capacity), this.#pins);
    this.#allocations = copyInto(new Uint32Array(capacity), this.#allocations);
    this.#word = copyInto(new Float64Array(capacity), this.#word);
    this.#free = copyInto(new Int32Array(capacity), this.#free);
  }
}

function copyInto<T extends { set(source: T): void }>(target: T, source: T): T {
  target.set(source);
  return target;
}
