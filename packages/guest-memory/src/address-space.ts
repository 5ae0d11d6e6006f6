// SPDX-License-Identifier: MIT
/**
 * The guest's flat view: sections sorted by guest page number, never overlapping. Holes are guest physical addresses
 * that nothing backs; MMIO is treated as a hole.
 * Source: QEMU 10.2.2 system/memory.c, memory_region_find and the flat view it searches.
 */
import { assert } from './assert.ts';
import type { Section } from './section.ts';

export class AddressSpace {
  readonly #sections: Section[] = [];
  #edition = 0;

  /** Another number after each change. */
  get edition(): number {
    return this.#edition;
  }

  get sections(): readonly Section[] {
    return this.#sections;
  }

  add(section: Section): void {
    assert(section.pageCount > 0, 'a section shows at least one page');
    assert(
      section.firstPage + section.pageCount <= section.block.pageCount,
      'a section lies inside its block',
    );
    const endGfn = section.firstGfn + section.pageCount;
    assert(this.firstOverlap(section.firstGfn, endGfn) === undefined, 'sections do not overlap');
    const at = this.#sections.findIndex((other) => other.firstGfn > section.firstGfn);
    this.#sections.splice(at === -1 ? this.#sections.length : at, 0, section);
    this.#edition += 1;
  }

  remove(section: Section): void {
    const at = this.#sections.indexOf(section);
    assert(at !== -1, 'only a section of this address space is removed');
    this.#sections.splice(at, 1);
    this.#edition += 1;
  }

  /** The lowest section that overlaps [firstGfn, endGfn), whole, or undefined. */
  firstOverlap(firstGfn: number, endGfn: number): Section | undefined {
    for (const section of this.#sections) {
      if (section.firstGfn < endGfn && firstGfn < section.firstGfn + section.pageCount) return section;
    }
    return undefined;
  }
}
