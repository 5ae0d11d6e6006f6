// SPDX-License-Identifier: MIT
/*
 * The naive section tracker: a set of held pages and a budget of calls. `firstDisagreement` drives a tracker over a
 * fake consumer and this model through the same operations and compares after each: the bits with what the consumer
 * holds, both with the model, the answer, and that no call was illegal.
 * Ranges are in granules, taken modulo what the block has, so every shrink stays legal.
 */
import { Bitmap } from '@sda-lab/core-bitmap';
import { type RamBlock, type Section, type SectionTracker, type Status } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { FakeConsumer, MAP_REFUSED, UNMAP_REFUSED } from './fake-consumer.ts';

export type TrackerOperation =
  | { readonly op: 'begin' | 'undo' | 'heal' }
  | { readonly op: 'map' | 'unmap' | 'want' | 'want-not'; readonly range: readonly [number, number] }
  | { readonly op: 'refuse'; readonly call: 'map' | 'unmap'; readonly after: number };

export interface TrackerRun {
  readonly granulePages: number;
  readonly unmapShape: 'range' | 'exact';
  /** The section leaves this many pages of the block out at either end. */
  readonly margins: readonly [number, number];
  readonly operations: readonly TrackerOperation[];
}

const BLOCK_PAGES = 24;

const range = fc.tuple(fc.nat(24), fc.nat(24));
const operation: fc.Arbitrary<TrackerOperation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constantFrom('map' as const, 'unmap' as const), range }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constantFrom('want' as const, 'want' as const, 'want-not' as const), range }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constantFrom('begin' as const, 'undo' as const, 'heal' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant('refuse' as const), call: fc.constantFrom('map' as const, 'unmap' as const), after: fc.nat(4) }),
  },
);

export const trackerRuns: fc.Arbitrary<TrackerRun> = fc.record({
  granulePages: fc.constantFrom(1, 1, 2, 4),
  unmapShape: fc.constantFrom('range', 'exact'),
  margins: fc.tuple(fc.nat(7), fc.nat(7)),
  operations: fc.array(operation, { maxLength: 30, size: 'max' }),
});

export type CreateTracker = (consumer: FakeConsumer, section: Section, granulePages: number) => SectionTracker;

/** Where the tracker differs from the model, in words; undefined when nowhere. */
export function firstDisagreement(create: CreateTracker, run: TrackerRun): string | undefined {
  const bench = new Bench(create, run);
  for (const [index, each] of run.operations.entries()) {
    const wrong = bench.apply(each) ?? bench.difference();
    if (wrong !== undefined) return `operation ${index}, ${each.op}: ${wrong}`;
  }
  return undefined;
}

class Bench {
  readonly #consumer: FakeConsumer;
  readonly #section: Section;
  readonly #tracker: SectionTracker;
  readonly #granulePages: number;
  readonly #wanted = new Bitmap(BLOCK_PAGES);
  #held = new Set<number>();
  #heldAtBegin = new Set<number>();

  constructor(create: CreateTracker, { granulePages, unmapShape, margins }: TrackerRun) {
    const block: RamBlock = { name: 'ram', pageCount: BLOCK_PAGES, hostFirstPage: 0, hasGuestMemfd: true };
    const pageCount = BLOCK_PAGES - margins[0] - margins[1];
    this.#section = { name: 'window', block, firstPage: margins[0], pageCount, firstGfn: 100, readonly: false };
    this.#consumer = new FakeConsumer(unmapShape);
    this.#tracker = create(this.#consumer, this.#section, granulePages);
    this.#granulePages = granulePages;
  }

  apply(each: TrackerOperation): string | undefined {
    const consumer = this.#consumer;
    switch (each.op) {
      case 'begin':
        this.#heldAtBegin = new Set(this.#held);
        this.#tracker.begin();
        return undefined;
      case 'undo':
        return this.#undo();
      case 'heal':
        consumer.passes = { map: Infinity, unmap: Infinity };
        return undefined;
      case 'refuse':
        consumer.passes[each.call] = each.after;
        return undefined;
      case 'want':
      case 'want-not':
        this.#wanted.assign(...this.#pages(each.range), each.op === 'want');
        return undefined;
      case 'map':
      case 'unmap':
        return this.#change(each.op, each.range);
    }
  }

  difference(): string | undefined {
    const { mapped } = this.#tracker;
    const bits = Array.from({ length: BLOCK_PAGES }, (_, page) => page).filter((page) => mapped.test(page));
    const rows: [string, string, string][] = [
      ['illegal calls', this.#consumer.illegalCalls.join('; '), ''],
      ['mapped bits', bits.join(), this.#consumer.heldPages.join()],
      ['held pages', this.#consumer.heldPages.join(), [...this.#held].toSorted((a, b) => a - b).join()],
    ];
    const wrong = rows.find(([, actual, expected]) => actual !== expected);
    return wrong && `${wrong[0]} are '${wrong[1]}' instead of '${wrong[2]}'`;
  }

  /** Undo restores, unless it was itself refused: then the consumer decides what is held. */
  #undo(): string | undefined {
    const refusedBefore = this.#consumer.refusedCount;
    this.#tracker.undo();
    const wasRefused = this.#consumer.refusedCount > refusedBefore;
    this.#held = wasRefused ? new Set(this.#consumer.heldPages) : this.#heldAtBegin;
    this.#heldAtBegin = new Set(this.#held);
    return undefined;
  }

  #change(op: 'map' | 'unmap', between: readonly [number, number]): string | undefined {
    const [first, end] = this.#pages(between);
    const expected = op === 'map' ? this.#expectMap(first, end) : this.#expectUnmap(first, end);
    const wanted = [{ bits: this.#wanted, is: true }];
    const status = op === 'map' ? this.#tracker.mapMissing(wanted, first, end) : this.#tracker.unmapMapped(first, end);
    return status === expected ? undefined : `answers ${status} instead of ${expected}`;
  }

  /** Granule by granule, as far as the budget goes. */
  #expectMap(firstPage: number, endPage: number): Status {
    let passes = this.#consumer.passes.map;
    for (const granule of this.#granules(firstPage, endPage)) {
      if (granule.every((page) => this.#held.has(page) || !this.#wanted.test(page))) continue;
      if (passes === 0) return MAP_REFUSED;
      passes -= 1;
      for (const page of granule) this.#held.add(page);
    }
    return 0;
  }

  /** One call per granule where the consumer is exact, else one per held run. */
  #expectUnmap(firstPage: number, endPage: number): Status {
    let passes = this.#consumer.passes.unmap;
    const isExact = this.#consumer.unmapShape === 'exact';
    let isInRun = false;
    for (const granule of this.#granules(firstPage, endPage)) {
      const isHeld = this.#held.has(granule[0]!);
      if (isHeld && (isExact || !isInRun)) {
        if (passes === 0) return UNMAP_REFUSED;
        passes -= 1;
      }
      if (isHeld) for (const page of granule) this.#held.delete(page);
      isInRun = isHeld;
    }
    return 0;
  }

  /** The pages of each granule of a range, cut to the section. */
  #granules(firstPage: number, endPage: number): number[][] {
    const granules = new Map<number, number[]>();
    const end = Math.min(endPage, this.#section.firstPage + this.#section.pageCount);
    for (let page = Math.max(firstPage, this.#section.firstPage); page < end; page += 1) {
      const granule = Math.floor(page / this.#granulePages);
      granules.set(granule, [...(granules.get(granule) ?? []), page]);
    }
    return [...granules.values()];
  }

  #pages([one, other]: readonly [number, number]): [number, number] {
    const count = BLOCK_PAGES / this.#granulePages;
    const [first, end] = [one % (count + 1), other % (count + 1)].toSorted((a, b) => a - b) as [number, number];
    return [first * this.#granulePages, end * this.#granulePages];
  }
}
