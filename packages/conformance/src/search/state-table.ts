// SPDX-License-Identifier: MIT
/**
 * The states a search has met: packed words of fixed width, each once, in the order they came, with the state and the
 * transition that led there first. Open addressing over typed arrays:
 *
 *   slots   [hash, index + 1] [0, 0] [hash, index + 1] ...    at most half of them taken
 *   pool    words of state 0 | words of state 1 | ...         index times width
 *   links   parent 0, transition 0 | parent 1, transition 1 | ...
 *
 * Nothing is lost: two states are the same only when all words are (a hash-compact table, as spin's -DHC, takes equal
 * hashes for equal states). When the bound is reached, or the machine has no memory to give, `insert` answers FULL, and
 * a search that hears it is not complete.
 *
 * Not covered: removal; states on disk. While an array grows, the old one lives beside the new one for a moment.
 */
import { assert } from '@sda-lab/guest-memory';
import { hashWords } from './hash-words.ts';

/** Answers of `insert`; after ADDED and KNOWN, `index` says where the state is. */
export const ADDED = 1;
export const KNOWN = 0;
export const FULL = -1;

export interface TableBounds {
  /** @defaultValue what maxBytes allows */
  readonly maxStates?: number;
  /** Of all arrays together. @defaultValue DEFAULT_MAX_BYTES */
  readonly maxBytes?: number;
}

export const DEFAULT_MAX_BYTES: number = 2 ** 31;

/** Hash and index. */
const SLOT_WORDS = 2;
/** Parent and transition. */
const LINK_WORDS = 2;
const WORD_BYTES = 4;
const FIRST_CAPACITY = 1024;
/** Indexes and hashes stay 32-bit integers. */
const MOST_STATES = 2 ** 29;

/** The parent of the first state. */
export const NO_PARENT = -1;

export class StateTable {
  readonly wordCount: number;
  readonly maxStates: number;
  /** Where the last inserted or found state is. */
  index: number = -1;
  #count = 0;
  #capacity: number;
  #mask: number;
  #slots: Int32Array;
  #pool: Int32Array;
  #links: Int32Array;

  constructor(wordCount: number, { maxStates = MOST_STATES, maxBytes = DEFAULT_MAX_BYTES }: TableBounds = {}) {
    assert(Number.isSafeInteger(wordCount) && wordCount >= 1, 'a state has at least one word');
    this.wordCount = wordCount;
    this.maxStates = Math.min(maxStates, statesWithin(maxBytes, wordCount));
    assert(this.maxStates >= 1, 'the bound leaves room for one state');
    this.#capacity = Math.min(FIRST_CAPACITY, this.maxStates);
    const slotCount = slotsFor(this.#capacity);
    this.#mask = slotCount - 1;
    this.#slots = new Int32Array(slotCount * SLOT_WORDS);
    this.#pool = new Int32Array(this.#capacity * wordCount);
    this.#links = new Int32Array(this.#capacity * LINK_WORDS);
  }

  /** States held. */
  get count(): number {
    return this.#count;
  }

  get byteCount(): number {
    return this.#slots.byteLength + this.#pool.byteLength + this.#links.byteLength;
  }

  /** The words of all states, those of state i from i times `wordCount` on. Another array once the table has grown. */
  get words(): Int32Array {
    return this.#pool;
  }

  parentOf(index: number): number {
    return this.#links[index * LINK_WORDS]!;
  }

  /** The transition that led from the parent to the state. */
  transitionOf(index: number): number {
    return this.#links[index * LINK_WORDS + 1]!;
  }

  /** Takes in a copy of the words unless they are there already. */
  insert(words: Int32Array, at: number, parent: number, transition: number): number {
    const hash = hashWords(words, at, this.wordCount);
    const slots = this.#slots;
    const mask = this.#mask;
    let slot = hash & mask;
    for (let entry = slots[slot * SLOT_WORDS + 1]!; entry !== 0; entry = slots[slot * SLOT_WORDS + 1]!) {
      if (slots[slot * SLOT_WORDS] === hash && this.isAt(entry - 1, words, at)) {
        this.index = entry - 1;
        return KNOWN;
      }
      slot = (slot + 1) & mask;
    }
    if (this.#count === this.#capacity) return this.#grow() ? this.insert(words, at, parent, transition) : FULL;
    this.#put(slot, hash, words, at);
    this.#links[this.index * LINK_WORDS] = parent;
    this.#links[this.index * LINK_WORDS + 1] = transition;
    return ADDED;
  }

  /** Whether the words of a state are these. */
  isAt(index: number, words: Int32Array, at: number): boolean {
    const pool = this.#pool;
    const width = this.wordCount;
    for (let word = 0, from = index * width; word < width; word += 1) {
      if (pool[from + word] !== words[at + word]) return false;
    }
    return true;
  }

  #put(slot: number, hash: number, words: Int32Array, at: number): void {
    const index = this.#count;
    const width = this.wordCount;
    this.#count = index + 1;
    this.index = index;
    this.#slots[slot * SLOT_WORDS] = hash;
    this.#slots[slot * SLOT_WORDS + 1] = index + 1;
    for (let word = 0, to = index * width; word < width; word += 1) this.#pool[to + word] = words[at + word]!;
  }

  /** Whether there is room for more now. */
  #grow(): boolean {
    const capacity = Math.min(2 * this.#capacity, this.maxStates);
    if (capacity === this.#capacity) return false;
    try {
      const pool = grown(this.#pool, capacity * this.wordCount);
      const links = grown(this.#links, capacity * LINK_WORDS);
      const slots = this.#slotsOf(slotsFor(capacity));
      this.#pool = pool;
      this.#links = links;
      this.#slots = slots;
    } catch (error) {
      // What typed arrays throw when the machine has no more memory to give.
      if (error instanceof RangeError) return false;
      throw error;
    }
    this.#mask = this.#slots.length / SLOT_WORDS - 1;
    this.#capacity = capacity;
    return true;
  }

  /** All states in so many slots. */
  #slotsOf(slotCount: number): Int32Array {
    const old = this.#slots;
    if (slotCount * SLOT_WORDS === old.length) return old;
    const slots = new Int32Array(slotCount * SLOT_WORDS);
    for (let from = 0; from < old.length; from += SLOT_WORDS) {
      if (old[from + 1] === 0) continue;
      let slot = old[from]! & (slotCount - 1);
      while (slots[slot * SLOT_WORDS + 1] !== 0) slot = (slot + 1) & (slotCount - 1);
      slots[slot * SLOT_WORDS] = old[from]!;
      slots[slot * SLOT_WORDS + 1] = old[from + 1]!;
    }
    return slots;
  }
}

/** A power of two, at least twice as many as states. */
function slotsFor(states: number): number {
  let slotCount = 2;
  while (slotCount < 2 * states) slotCount *= 2;
  return slotCount;
}

/** States whose arrays fit into so many bytes; the slots are a power of two, so the best of them is looked for. */
function statesWithin(maxBytes: number, wordCount: number): number {
  const stateBytes = (wordCount + LINK_WORDS) * WORD_BYTES;
  let most = 0;
  for (let slotCount = 2; slotCount <= 2 * MOST_STATES; slotCount *= 2) {
    const left = maxBytes - slotCount * SLOT_WORDS * WORD_BYTES;
    most = Math.max(most, Math.min(slotCount / 2, Math.floor(left / stateBytes)));
  }
  return most;
}

function grown(array: Int32Array, length: number): Int32Array {
  const larger = new Int32Array(length);
  larger.set(array);
  return larger;
}
