// SPDX-License-Identifier: MIT
import { LeftOvers, type RamBlock, type Section, SectionTracker } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { FakeConsumer, UNMAP_REFUSED } from './support/fake-consumer.ts';

const block: RamBlock = { name: 'm0', pageCount: 8, hostFirstPage: 0, hasGuestMemfd: true };
const other: RamBlock = { name: 'ram', pageCount: 8, hostFirstPage: 9, hasGuestMemfd: true };
const section = (of: RamBlock): Section => ({ name: 'memslot', block: of, firstPage: 0, pageCount: 8, firstGfn: 64, readonly: false });

/** A consumer that maps pages 2 and 3 of a section, and a tracker that says so. */
function following(consumer = new FakeConsumer()): { consumer: FakeConsumer; tracker: SectionTracker } {
  const tracker = new SectionTracker(consumer, section(block));
  tracker.mapMissing([], 2, 4);
  consumer.takeCalls();
  return { consumer, tracker };
}

describe('what a consumer would not let go of when a section went', () => {
  test('left-overs/none: an unmap that is done leaves nothing to settle', () => {
    const { consumer, tracker } = following();
    const leftOvers = new LeftOvers();
    leftOvers.leave(tracker, false);
    expect(consumer.heldPages).toEqual([]);
    consumer.takeCalls();
    expect([leftOvers.settle(consumer, section(block)), consumer.takeCalls()]).toEqual([0, []]);
  });

  test('left-overs/comes-back: it goes when the section comes back, once', () => {
    const { consumer, tracker } = following();
    const leftOvers = new LeftOvers();
    consumer.passes.unmap = 0;
    leftOvers.leave(tracker, false);
    expect(consumer.heldPages).toEqual([2, 3]);
    consumer.passes.unmap = Infinity;
    expect([leftOvers.settle(consumer, section(block)), consumer.heldPages]).toEqual([0, []]);
    consumer.takeCalls();
    expect([leftOvers.settle(consumer, section(block)), consumer.takeCalls()]).toEqual([0, []]);
    expect(consumer.illegalCalls).toEqual([]);
  });

  test('left-overs/still-refused: the refusal is the answer, and the next time settles it', () => {
    const { consumer, tracker } = following();
    const leftOvers = new LeftOvers();
    consumer.passes.unmap = 0;
    leftOvers.leave(tracker, false);
    expect([leftOvers.settle(consumer, section(block)), consumer.heldPages]).toEqual([UNMAP_REFUSED, [2, 3]]);
    consumer.passes.unmap = Infinity;
    expect([leftOvers.settle(consumer, section(block)), consumer.heldPages]).toEqual([0, []]);
  });

  test('left-overs/others: other blocks and other consumers are not asked', () => {
    const { consumer, tracker } = following();
    const leftOvers = new LeftOvers();
    consumer.passes.unmap = 0;
    leftOvers.leave(tracker, false);
    consumer.passes.unmap = Infinity;
    expect([leftOvers.settle(consumer, section(other)), leftOvers.settle(new FakeConsumer(), section(block))]).toEqual([0, 0]);
    expect(consumer.heldPages).toEqual([2, 3]);
  });

  test('left-overs/closed: a consumer that follows nothing any more took its mappings with it', () => {
    const { consumer, tracker } = following();
    const leftOvers = new LeftOvers();
    consumer.passes.unmap = 0;
    leftOvers.leave(tracker, false);
    leftOvers.leave(new SectionTracker(consumer, section(other)), true);
    consumer.passes.unmap = Infinity;
    consumer.takeCalls();
    expect([leftOvers.settle(consumer, section(block)), consumer.takeCalls()]).toEqual([0, []]);
  });
});
