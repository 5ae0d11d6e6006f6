// SPDX-License-Identifier: MIT
/**
 * Host frames: identity, generation, owner, content.
 *
 * Lifecycle: `allocate` makes a frame that a backing holds ("backed"). Pins may be taken and dropped. A discard calls
 * `unback`: a frame without pins is freed at once, a pinned one lives on as an orphan until its last pin goes. Freed
 * identities are reused with the next generation, last freed first.
 *
 * Models: struct page reference counting as far as FOLL_PIN and the page cache need it (Linux mm/gup.c,
 * mm/shmem.c). Not covered: large folios, copy-on-write, swapping, migration between zones.
 */
import { assert } from './assert.ts';
import type { Side } from './page.ts';

const FIRST_CAPACITY = 64;

export class FrameTable {
  #generation = new Uint32Array(FIRST_CAPACITY);
  #pins = new Int32Array(FIRST_CAPACITY);
  /** 0 free, 1 backed, 2 orphan. */
  #state = new Uint8Array(FIRST_CAPACITY);
  /** 0 shared, 1 private. */
  #owner = new Uint8Array(FIRST_CAPACITY);
  #word = new Float64Array(FIRST_CAPACITY);
  /** Words at other offsets than 0, keyed frame * 4096 + offset; most guests never use one. */
  #otherWords = new Map<number, number>();
  #free: number[] = [];
  /** Identity 0 is "no frame". */
  #nextFresh = 1;
  #liveCount = 0;
  #peakLiveCount = 0;
  #orphanCount = 0;
  #pinCount = 0;

  /** Frames that exist now: backed ones and orphans. */
  get liveCount(): number {
    return this.#liveCount;
  }

  /** The largest `liveCount` so far. */
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

  /** A fresh zero-filled frame, backed and unpinned. Returns its identity, at least 1. */
  allocate(owner: Side): number {
    const frame = this.#free.pop() ?? this.#nextFresh++;
    if (frame >= this.#state.length) this.#grow();
    assert(this.#state[frame] === 0, 'a frame is allocated only while free');
    this.#state[frame] = 1;
    this.#owner[frame] = owner === 'private' ? 1 : 0;
    this.#word[frame] = 0;
    this.#generation[frame]! += 1;
    this.#liveCount += 1;
    if (this.#liveCount > this.#peakLiveCount) this.#peakLiveCount = this.#liveCount;
    return frame;
  }

  /** The backing lets go of the frame: freed now, or an orphan until its last pin goes. */
  unback(frame: number): void {
    assert(this.#state[frame] === 1, 'only a backed frame can be unbacked');
    if (this.#pins[frame] === 0) {
      this.#release(frame);
    } else {
      this.#state[frame] = 2;
      this.#orphanCount += 1;
    }
  }

  pin(frame: number): void {
    assert(this.#state[frame]! > 0, 'a free frame cannot be pinned');
    this.#pins[frame]! += 1;
    this.#pinCount += 1;
  }

  unpin(frame: number): void {
    assert(this.#pins[frame]! > 0, 'a frame is unpinned as often as it was pinned');
    this.#pins[frame]! -= 1;
    this.#pinCount -= 1;
    if (this.#pins[frame] === 0 && this.#state[frame] === 2) {
      this.#orphanCount -= 1;
      this.#release(frame);
    }
  }

  pins(frame: number): number {
    return this.#pins[frame]!;
  }

  /** How often this identity has been allocated; tells a frame from its successor. */
  generation(frame: number): number {
    return this.#generation[frame]!;
  }

  isOrphan(frame: number): boolean {
    return this.#state[frame] === 2;
  }

  owner(frame: number): Side {
    return this.#owner[frame] === 1 ? 'private' : 'shared';
  }

  /** In-place conversion: the same frame changes owner, content kept. */
  setOwner(frame: number, owner: Side): void {
    assert(this.#state[frame]! > 0, 'a free frame has no owner');
    this.#owner[frame] = owner === 'private' ? 1 : 0;
  }

  /** The word at a byte offset of the frame; 0 until written. */
  read(frame: number, offsetBytes = 0): number {
    assert(this.#state[frame]! > 0, 'a free frame is not read');
    if (offsetBytes === 0) return this.#word[frame]!;
    return this.#otherWords.get(frame * 4096 + offsetBytes) ?? 0;
  }

  write(frame: number, value: number, offsetBytes = 0): void {
    assert(this.#state[frame]! > 0, 'a free frame is not written');
    if (offsetBytes === 0) this.#word[frame] = value;
    else this.#otherWords.set(frame * 4096 + offsetBytes, value);
  }

  /** Zero-fills a frame in place, as a partial hole in a large folio does. */
  zero(frame: number): void {
    this.#word[frame] = 0;
    this.#forgetOtherWords(frame);
  }

  #release(frame: number): void {
    this.#state[frame] = 0;
    this.#liveCount -= 1;
    this.#forgetOtherWords(frame);
    this.#free.push(frame);
  }

  #forgetOtherWords(frame: number): void {
    if (this.#otherWords.size === 0) return;
    for (const key of this.#otherWords.keys()) {
      if (Math.floor(key / 4096) === frame) this.#otherWords.delete(key);
    }
  }

  #grow(): void {
    const capacity = this.#state.length * 2;
    this.#generation = copyInto(new Uint32Array(capacity), this.#generation);
    this.#pins = copyInto(new Int32Array(capacity), this.#pins);
    this.#state = copyInto(new Uint8Array(capacity), this.#state);
    this.#owner = copyInto(new Uint8Array(capacity), this.#owner);
    this.#word = copyInto(new Float64Array(capacity), this.#word);
  }
}

function copyInto<T extends { set(source: T): void }>(target: T, source: T): T {
  target.set(source);
  return target;
}
