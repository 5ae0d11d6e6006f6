// SPDX-License-Identifier: MIT
/**
 * Words of a guest memory: per block page what backs each side, per section page the KVM attribute, which sections are
 * there, the discard coordination counts.
 *
 *   pages       one word each, in block order: reference of the shared side | of the private side << 16
 *               in place: reference of the one frame | 1 << 16 when the page is private
 *   attributes  two-backend, per section of a block with guest_memfd: plain bits; 0 while the section is away
 *   sections    one bit each: whether it is there
 *   counts      required | coordinatedRequired << 8 | disabled << 16 | uncoordinatedDisabled << 24
 *
 * Sections and attributes go by guest address. Attributes of guest pages that no section shows are not state: a section
 * that comes sets its own (private), and until then nobody may ask. A load makes those of absent sections private.
 *
 * Not covered: blocks added later (the words are those of the blocks at the time), contents, `firstPinnedPage` (the
 * outcome of the last conversion), the observer, which hears nothing of a load.
 */
import type { AddressSpace } from '../address-space.ts';
import { assert } from '../assert.ts';
import type { BlockState } from '../block-state.ts';
import type { DiscardCoordination } from '../discard-coordination.ts';
import type { Side } from '../page.ts';
import type { Regime } from '../ports/host.ts';
import type { Words } from '../ports/words.ts';
import type { Section } from '../section.ts';
import type { SlotAttributes } from '../slot-attributes.ts';
import { ExactIdentities } from '../storage/exact-identities.ts';
import { FRAME_REF_BITS, type FrameNames } from './frame-names.ts';
import { SectionList } from './section-list.ts';

const REF_MASK = 2 ** FRAME_REF_BITS - 1;
/** In place: the page is private. */
const IS_PRIVATE = 2 ** FRAME_REF_BITS;
const COUNT_BITS = 8;
const COUNT_MASK = 2 ** COUNT_BITS - 1;

export interface MemoryParts {
  readonly regime: Regime;
  readonly blocks: readonly BlockState[];
  readonly attributes: SlotAttributes;
  readonly addressSpace: AddressSpace;
  readonly coordination: DiscardCoordination;
}

export class MemoryWords implements Words {
  readonly count: number;
  readonly #parts: MemoryParts;
  readonly #names: FrameNames;
  readonly #blockCount: number;
  readonly #isInPlace: boolean;
  /** Frames of all blocks' pages, one block after the other; the blocks keep views of them. */
  readonly #shared: Int32Array;
  readonly #private: Int32Array;
  readonly #sections: SectionList;
  /** Where each area begins, counted from the first word. */
  readonly #sectionsAt: number;
  readonly #countsAt: number;

  constructor(parts: MemoryParts, names: FrameNames, sections: readonly Section[]) {
    const { blocks, regime } = parts;
    this.#parts = parts;
    this.#names = names;
    this.#blockCount = blocks.length;
    this.#isInPlace = regime === 'in-place';
    this.#shared = gather(blocks, 'shared');
    this.#private = this.#isInPlace ? new Int32Array(0) : gather(blocks, 'private');
    this.#sections = new SectionList(sections, parts.addressSpace, this.#isInPlace ? undefined : parts.attributes);
    this.#sectionsAt = this.#shared.length;
    this.#countsAt = this.#sectionsAt + this.#sections.count;
    this.count = this.#countsAt + 1;
  }

  store(words: Int32Array, at: number): void {
    assert(this.#parts.blocks.length === this.#blockCount, 'no block comes after the words were made');
    if (this.#isInPlace) this.#storeInPlace(words, at);
    else this.#storeBothSides(words, at);
    if (!this.#sections.store(words, at + this.#sectionsAt)) this.#names.lose();
    words[at + this.#countsAt] = this.#storedCounts();
  }

  load(words: Int32Array, at: number): void {
    if (this.#isInPlace) this.#loadInPlace(words, at);
    else this.#loadBothSides(words, at);
    this.#sections.load(words, at + this.#sectionsAt);
    this.#loadCounts(words[at + this.#countsAt]!);
  }

  #storeBothSides(words: Int32Array, at: number): void {
    const names = this.#names;
    const shared = this.#shared;
    const ownSide = this.#private;
    for (let page = 0; page < shared.length; page += 1) {
      const ref = names.refOf(shared[page]!);
      words[at + page] = ref | (names.refOf(ownSide[page]!) << FRAME_REF_BITS);
    }
  }

  #loadBothSides(words: Int32Array, at: number): void {
    const names = this.#names;
    const shared = this.#shared;
    const ownSide = this.#private;
    for (let page = 0; page < shared.length; page += 1) {
      const word = words[at + page]!;
      shared[page] = names.frameOf(word & REF_MASK, true);
      ownSide[page] = names.frameOf(word >>> FRAME_REF_BITS, true);
    }
  }

  #storeInPlace(words: Int32Array, at: number): void {
    for (let page = 0; page < this.#shared.length; page += 1) words[at + page] = this.#names.refOf(this.#shared[page]!);
    let first = at;
    for (const { block, privatePages } of this.#parts.blocks) {
      for (let page = 0; page < block.pageCount; page += 1) if (privatePages.test(page)) words[first + page]! |= IS_PRIVATE;
      first += block.pageCount;
    }
  }

  #loadInPlace(words: Int32Array, at: number): void {
    for (let page = 0; page < this.#shared.length; page += 1) {
      this.#shared[page] = this.#names.frameOf(words[at + page]! & REF_MASK, true);
    }
    let first = at;
    for (const { block, privatePages } of this.#parts.blocks) {
      for (let page = 0; page < block.pageCount; page += 1) {
        privatePages.assign(page, page + 1, (words[first + page]! & IS_PRIVATE) !== 0);
      }
      first += block.pageCount;
    }
  }

  #storedCounts(): number {
    const { required, coordinatedRequired, disabled, uncoordinatedDisabled } = this.#parts.coordination;
    if ((required | coordinatedRequired | disabled | uncoordinatedDisabled) > COUNT_MASK) this.#names.lose();
    return (
      (required & COUNT_MASK) |
      ((coordinatedRequired & COUNT_MASK) << COUNT_BITS) |
      ((disabled & COUNT_MASK) << (2 * COUNT_BITS)) |
      (uncoordinatedDisabled << (3 * COUNT_BITS))
    );
  }

  #loadCounts(word: number): void {
    const { coordination } = this.#parts;
    coordination.required = word & COUNT_MASK;
    coordination.coordinatedRequired = (word >>> COUNT_BITS) & COUNT_MASK;
    coordination.disabled = (word >>> (2 * COUNT_BITS)) & COUNT_MASK;
    coordination.uncoordinatedDisabled = word >>> (3 * COUNT_BITS);
  }
}

/** The frames of one side of all blocks in one array; each block goes on with its stretch of it. */
function gather(blocks: readonly BlockState[], side: Side): Int32Array {
  const all = new Int32Array(blocks.reduce((sum, { block }) => sum + block.pageCount, 0));
  let first = 0;
  for (const state of blocks) {
    const own = all.subarray(first, first + state.block.pageCount);
    const present = state[side];
    if (present !== undefined) {
      assert(present instanceof ExactIdentities, 'words are those of a guest in exact storage');
      own.set(present.values);
    }
    state[side] = new ExactIdentities(own);
    first += own.length;
  }
  return all;
}
