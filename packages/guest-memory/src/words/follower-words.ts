// SPDX-License-Identifier: MIT
/**
 * Words of who takes part in a design's blocks: eight bits for each block, which plug source it has (its place in the cast
 * counted from 1, or 0 for none); then two bits for each tracker of the cast, whether it is away, following or left over.
 * What the trackers hold is in their bitmaps (`mapped`), whose words come beside these; steps of an operation are no
 * state.
 *
 * For designs that take one source per block. Not covered: a consumer, section or source that the cast does not name.
 * `isWhole` says that one of them takes part, and a load sends it away.
 */
import { assert } from '../assert.ts';
import type { Followers } from '../followers.ts';
import type { Side } from '../page.ts';
import type { Consumer } from '../ports/consumer.ts';
import type { PlugSource } from '../ports/plug.ts';
import type { Cast, Words } from '../ports/words.ts';
import type { RamBlock } from '../ram-block.ts';
import { AWAY, type SectionTracker, type Standing } from '../section-tracker.ts';

/** A block as a design keeps it. Setting the source tells nobody. */
export interface FollowedBlock {
  readonly block: RamBlock;
  readonly followers: Followers;
  source: PlugSource | undefined;
}

const SOURCE_BITS = 8;
const SOURCE_MASK = 2 ** SOURCE_BITS - 1;
const STANDING_BITS = 2;
const STANDING_MASK = 2 ** STANDING_BITS - 1;
const WORD_BITS = 32;

export class FollowerWords implements Words {
  readonly count: number;
  isWhole: boolean = true;
  /** Of the cast, in the order of the words. */
  readonly trackers: readonly SectionTracker[];
  readonly #blocks: readonly FollowedBlock[];
  readonly #sources: readonly PlugSource[];
  /** Met after these words were made; as a rule there are none. */
  readonly #strangers: SectionTracker[] = [];

  /** @param sidesOf - the sides on which the design lets a consumer follow; a tracker each. */
  constructor(blocks: readonly FollowedBlock[], cast: Cast, sidesOf: (consumer: Consumer) => readonly Side[]) {
    assert(cast.sources.length <= SOURCE_MASK, 'a place among the sources fits its bits');
    this.#blocks = blocks;
    this.#sources = cast.sources;
    this.trackers = cast.consumers.flatMap((consumer) =>
      cast.sections.flatMap((section) => {
        const { followers } = blocks.find(({ block }) => block === section.block) ?? {};
        return followers === undefined ? [] : sidesOf(consumer).map((side) => followers.of(consumer, section, side));
      }),
    );
    for (const { followers } of blocks) {
      this.#strangers.push(...followers.all.filter((tracker) => !this.trackers.includes(tracker)));
      followers.noteNew(this.#strangers);
    }
    this.count = Math.ceil((blocks.length * SOURCE_BITS + this.trackers.length * STANDING_BITS) / WORD_BITS);
  }

  /* Loops by index: these run for every step of a search, and for-of costs a third more. */
  store(words: Int32Array, at: number): void {
    const blocks = this.#blocks;
    const trackers = this.trackers;
    let isWhole = this.#strangers.length === 0 || this.#strangers.every(isAway);
    let index = at;
    let word = 0;
    let bit = 0;
    for (let which = 0; which < blocks.length; which += 1) {
      const { source } = blocks[which]!;
      const place = this.#placeOf(source);
      if (place === 0 && source !== undefined) isWhole = false;
      word |= place << bit;
      bit += SOURCE_BITS;
      if (bit < WORD_BITS) continue;
      words[index] = word;
      index += 1;
      word = 0;
      bit = 0;
    }
    for (let which = 0; which < trackers.length; which += 1) {
      word |= trackers[which]!.standing << bit;
      bit += STANDING_BITS;
      if (bit < WORD_BITS) continue;
      words[index] = word;
      index += 1;
      word = 0;
      bit = 0;
    }
    if (bit > 0) words[index] = word;
    this.isWhole = isWhole;
  }

  load(words: Int32Array, at: number): void {
    const blocks = this.#blocks;
    const trackers = this.trackers;
    let bit = 0;
    for (let which = 0; which < blocks.length; which += 1) {
      const place = (words[at + (bit >>> 5)]! >>> (bit & 31)) & SOURCE_MASK;
      const source = place === 0 ? undefined : this.#sources[place - 1];
      const followed = blocks[which]!;
      // A design may have more to do for it than to remember it.
      if (followed.source !== source) followed.source = source;
      bit += SOURCE_BITS;
    }
    for (let which = 0; which < trackers.length; which += 1) {
      const tracker = trackers[which]!;
      tracker.standing = ((words[at + (bit >>> 5)]! >>> (bit & 31)) & STANDING_MASK) as Standing;
      tracker.begin();
      bit += STANDING_BITS;
    }
    for (const stranger of this.#strangers) {
      stranger.standing = AWAY;
      stranger.forget();
    }
  }

  /** Counted from 1; 0 for none, and for one that the cast does not name. */
  #placeOf(source: PlugSource | undefined): number {
    let place = this.#sources.length;
    while (place > 0 && this.#sources[place - 1] !== source) place -= 1;
    return place;
  }
}

function isAway({ standing }: SectionTracker): boolean {
  return standing === AWAY;
}
