// SPDX-License-Identifier: MIT
/**
 * A consumer that holds what it maps, and refuses when told to: a refused map makes the first half of its granules. What
 * no kernel would take is an assertion: a map over a mapping, an unmap of a hole, an unmap that is not one mapping where
 * that is asked.
 */
import { assert, type Consumer, ERRNO, type Section, type Side, type Status } from '@sda-lab/guest-memory';

export interface HoldingConsumerOptions {
  readonly name: string;
  readonly sides: Consumer['sides'];
  readonly unmapShape: Consumer['unmapShape'];
  /** Whether the call is refused; hears of each. */
  readonly isRefused: (line: string) => boolean;
}

export class HoldingConsumer implements Consumer {
  readonly name: string;
  readonly sides: Consumer['sides'];
  readonly unmapShape: Consumer['unmapShape'];
  readonly smallestPages: number = 1;
  done: number = 0;
  /** Pages held, by section and side: a bit each. */
  readonly held: Map<string, bigint> = new Map();
  readonly #isRefused: (line: string) => boolean;

  constructor({ name, sides, unmapShape, isRefused }: HoldingConsumerOptions) {
    this.name = name;
    this.sides = sides;
    this.unmapShape = unmapShape;
    this.#isRefused = isRefused;
  }

  mapRun(section: Section, side: Side, firstPage: number, pageCount: number, granulePages: number): Status {
    assert(granulePages === 1 && (this.sides === 'both' || this.sides === side), 'single pages of a side it takes are mapped');
    const isRefused = this.#isRefused(`map ${this.name} ${section.name} ${side} ${firstPage}+${pageCount}`);
    const mappedCount = isRefused ? Math.floor(pageCount / 2) : pageCount;
    const bits = bitsOf(firstPage, mappedCount);
    assert(isInside(section, firstPage, pageCount), 'a map keeps to the section');
    assert((this.heldOf(section, side) & bitsOf(firstPage, pageCount)) === 0n, 'no page is mapped twice');
    this.held.set(keyOf(section, side), this.heldOf(section, side) | bits);
    this.done = isRefused ? mappedCount : 0;
    return isRefused ? -ERRNO.ENOMEM : 0;
  }

  unmapRun(section: Section, side: Side, firstPage: number, pageCount: number): Status {
    const bits = bitsOf(firstPage, pageCount);
    assert((this.heldOf(section, side) & bits) === bits, 'what is unmapped was mapped');
    assert(this.unmapShape === 'range' || pageCount === 1, 'an unmap is one mapping where that is asked');
    if (this.#isRefused(`unmap ${this.name} ${section.name} ${side} ${firstPage}+${pageCount}`)) return -ERRNO.EBUSY;
    this.held.set(keyOf(section, side), this.heldOf(section, side) & ~bits);
    return 0;
  }

  heldOf(section: Section, side: Side): bigint {
    return this.held.get(keyOf(section, side)) ?? 0n;
  }

  /** Nothing is held any more, or just this. */
  hold(section: Section, side: Side, bits: bigint): void {
    this.held.set(keyOf(section, side), bits);
  }
}

function keyOf({ name }: Section, side: Side): string {
  return `${name} ${side}`;
}

function bitsOf(firstPage: number, pageCount: number): bigint {
  return ((1n << BigInt(pageCount)) - 1n) << BigInt(firstPage);
}

function isInside(section: Section, firstPage: number, pageCount: number): boolean {
  return firstPage >= section.firstPage && firstPage + pageCount <= section.firstPage + section.pageCount;
}
