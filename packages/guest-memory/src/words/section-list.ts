// SPDX-License-Identifier: MIT
/**
 * The sections a guest may ever show, by guest address, as words: per section with KVM attributes their plain bits (0
 * while it is away), then one bit per section, whether it is there.
 *
 * Attributes under a section that is away are no state, see `MemoryWords`; a load makes them private.
 */
import type { Bitmap } from '@sda-lab/core-bitmap';
import type { AddressSpace } from '../address-space.ts';
import { assert } from '../assert.ts';
import type { Section } from '../section.ts';
import type { SlotAttributes } from '../slot-attributes.ts';

interface Attributed {
  readonly bits: Bitmap;
  /** Index of the section. */
  readonly which: number;
  /** Where its words begin. */
  readonly at: number;
}

export class SectionList {
  readonly count: number;
  readonly #addressSpace: AddressSpace;
  readonly #sections: readonly Section[];
  readonly #attributed: readonly Attributed[];
  readonly #presenceAt: number;
  /** Presence words of the address space as of `#edition`, and whether they say all. */
  readonly #presence: Int32Array;
  #isWhole = true;
  #edition = -1;

  /** `attributes` are left out where there are none (in place). */
  constructor(sections: readonly Section[], addressSpace: AddressSpace, attributes: SlotAttributes | undefined) {
    this.#addressSpace = addressSpace;
    this.#sections = sections.toSorted((one, other) => one.firstGfn - other.firstGfn);
    const attributed: Attributed[] = [];
    let at = 0;
    for (const [which, { block, firstGfn, pageCount }] of this.#sections.entries()) {
      const endGfn = firstGfn + pageCount;
      const next = this.#sections[which + 1];
      assert(next === undefined || endGfn <= next.firstGfn, 'sections that may be there do not overlap');
      if (attributes === undefined || !block.hasGuestMemfd) continue;
      const bits = attributes.of({ firstGfn, endGfn });
      attributed.push({ bits, which, at });
      at += bits.wordCount;
    }
    this.#attributed = attributed;
    this.#presenceAt = at;
    this.#presence = new Int32Array(Math.ceil(sections.length / 32));
    this.count = at + this.#presence.length;
  }

  /** False when a section is there that nobody listed. */
  store(words: Int32Array, at: number): boolean {
    this.#look();
    for (const { bits, which, at: offset } of this.#attributed) {
      if (isPresent(this.#presence, 0, which)) bits.storeWords(words, at + offset);
      else words.fill(0, at + offset, at + offset + bits.wordCount);
    }
    for (let word = 0; word < this.#presence.length; word += 1) words[at + this.#presenceAt + word] = this.#presence[word]!;
    return this.#isWhole;
  }

  load(words: Int32Array, at: number): void {
    const presenceAt = at + this.#presenceAt;
    this.#look();
    let isSame = this.#isWhole;
    for (let word = 0; word < this.#presence.length; word += 1) {
      if (this.#presence[word] !== words[presenceAt + word]) isSame = false;
    }
    // Most loads change no section.
    if (!isSame) this.#show(words, presenceAt);
    for (const { bits, which, at: offset } of this.#attributed) {
      if (isPresent(words, presenceAt, which)) bits.loadWords(words, at + offset);
      else bits.set(0, bits.bitCount);
    }
  }

  /** Both lists go by guest address, so one walk finds who is there. */
  #look(): void {
    const { sections: present, edition } = this.#addressSpace;
    if (edition === this.#edition) return;
    this.#edition = edition;
    this.#presence.fill(0);
    let next = 0;
    for (const [which, section] of this.#sections.entries()) {
      if (present[next] !== section) continue;
      next += 1;
      this.#presence[which >>> 5]! |= 1 << (which & 31);
    }
    this.#isWhole = next === present.length;
  }

  #show(words: Int32Array, presenceAt: number): void {
    const { sections: present } = this.#addressSpace;
    while (present.length > 0) this.#addressSpace.remove(present[0]!);
    for (const [which, section] of this.#sections.entries()) {
      if (isPresent(words, presenceAt, which)) this.#addressSpace.add(section);
    }
  }
}

function isPresent(words: Int32Array, at: number, which: number): boolean {
  return ((words[at + (which >>> 5)]! >>> (which & 31)) & 1) === 1;
}
