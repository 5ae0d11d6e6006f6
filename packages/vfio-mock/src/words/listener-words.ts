// SPDX-License-Identifier: MIT
/**
 * Words of a container listener: whether it is attached, what it follows in which order (they go in that order), the
 * granule a remap of each section would use, and how far the last refused map came.
 *
 *   first word      attached 1 | granules done << 1
 *   then, per section by guest address, one word: place among the followed ones, counted from 1, or 0 | granule << 8,
 *   0 for the smallest
 *
 * What a strategy keeps per listener is the strategy's; what is mapped, the container's. Counts of notifications and the
 * warning of an admission are no state.
 */
import { assert, type Instance, type Section, type Words } from '@sda-lab/guest-memory';
import type { Followed, ListenerState } from '../listener/listener-state.ts';
import type { SectionMapper } from '../listener/section-mapper.ts';

const PLACE_BITS = 8;
const PLACE_MASK = 2 ** PLACE_BITS - 1;
const GRANULE_LIMIT = 2 ** (31 - PLACE_BITS);

export interface ListenerWordsParts {
  readonly state: ListenerState;
  readonly mapper: SectionMapper;
  /** Who tells of a section; undefined for one that is mapped whole. */
  readonly instanceOf: (section: Section) => Instance | undefined;
}

/** A list of followed sections that was made for a load, with the places of the sections in it. */
interface KnownList {
  readonly followed: readonly Followed[];
  readonly places: Int32Array;
}

/** Lists that are kept to be used again: a search comes back to the same few. */
const MOST_KNOWN = 8;

export class ListenerWords implements Words {
  readonly count: number;
  readonly #state: ListenerState;
  readonly #mapper: SectionMapper;
  /** By guest address. */
  readonly #sections: readonly Section[];
  readonly #ownFollowed: readonly Followed[];
  /** Places of the sections in the list seen last; the listener makes another list for each change. */
  readonly #places: Int32Array;
  #seen: readonly Followed[] | undefined = undefined;
  readonly #known: KnownList[] = [];

  constructor({ state, mapper, instanceOf }: ListenerWordsParts, sections: readonly Section[]) {
    assert(sections.length <= PLACE_MASK, 'a place among the sections fits its bits');
    this.#state = state;
    this.#mapper = mapper;
    this.#sections = sections.toSorted((one, other) => one.firstGfn - other.firstGfn);
    this.#ownFollowed = this.#sections.map((section) => ({ section, instance: instanceOf(section) }));
    this.#places = new Int32Array(sections.length);
    this.count = 1 + sections.length;
  }

  store(words: Int32Array, at: number): void {
    const { isAttached, followed, granules } = this.#state;
    if (followed !== this.#seen) this.#look();
    words[at] = (isAttached ? 1 : 0) | (this.#mapper.done << 1);
    for (let which = 0; which < this.#places.length; which += 1) words[at + 1 + which] = this.#places[which]!;
    if (granules.size > 0) this.#storeGranules(words, at + 1);
  }

  load(words: Int32Array, at: number): void {
    const state = this.#state;
    if (state.followed !== this.#seen) this.#look();
    state.isAttached = (words[at]! & 1) === 1;
    this.#mapper.done = words[at]! >>> 1;
    let hasGranules = state.granules.size > 0;
    let isSame = true;
    for (let which = 0; which < this.#places.length; which += 1) {
      const word = words[at + 1 + which]!;
      if (word > PLACE_MASK) hasGranules = true;
      if ((word & PLACE_MASK) !== this.#places[which]) isSame = false;
    }
    // Most loads change nothing here.
    if (!isSame) this.#loadFollowed(words, at + 1);
    if (hasGranules) this.#loadGranules(words, at + 1);
  }

  #look(): void {
    const { followed } = this.#state;
    this.#seen = followed;
    this.#places.fill(0);
    for (const [place, { section }] of followed.entries()) {
      const which = this.#sections.indexOf(section);
      assert(which !== -1, 'a listener follows listed sections only');
      this.#places[which] = place + 1;
    }
  }

  #storeGranules(words: Int32Array, at: number): void {
    for (const [which, section] of this.#sections.entries()) {
      const granule = this.#state.granules.get(section) ?? 0;
      assert(granule < GRANULE_LIMIT, 'granules of a searched world are small');
      words[at + which]! |= granule << PLACE_BITS;
    }
  }

  #loadFollowed(words: Int32Array, at: number): void {
    const { followed, places } = this.#find(words, at) ?? this.#make(words, at);
    this.#state.followed = followed;
    this.#seen = followed;
    for (let which = 0; which < places.length; which += 1) this.#places[which] = places[which]!;
  }

  #find(words: Int32Array, at: number): KnownList | undefined {
    for (const known of this.#known) if (hasPlaces(known, words, at)) return known;
    return undefined;
  }

  #make(words: Int32Array, at: number): KnownList {
    const places = this.#places.map((_, which) => words[at + which]! & PLACE_MASK);
    const followed: Followed[] = [];
    for (const [which, one] of this.#ownFollowed.entries()) if (places[which]! > 0) followed[places[which]! - 1] = one;
    const made = { followed, places };
    if (this.#known.length === MOST_KNOWN) this.#known.shift();
    this.#known.push(made);
    return made;
  }

  #loadGranules(words: Int32Array, at: number): void {
    this.#state.granules.clear();
    for (const [which, section] of this.#sections.entries()) {
      const granule = words[at + which]! >>> PLACE_BITS;
      if (granule > 0) this.#state.granules.set(section, granule);
    }
  }
}

function hasPlaces({ places }: KnownList, words: Int32Array, at: number): boolean {
  for (let which = 0; which < places.length; which += 1) {
    if (places[which] !== (words[at + which]! & PLACE_MASK)) return false;
  }
  return true;
}
