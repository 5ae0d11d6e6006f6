// SPDX-License-Identifier: MIT
import { Bitmap } from '@sda-lab/core-bitmap';
import { ERRNO, EXACT_TRACKING, type RamBlock, type Section, SectionTracker, type Status, type TrackerOptions } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FakeConsumer, MAP_REFUSED, UNMAP_REFUSED } from './support/fake-consumer.ts';
import { type CreateTracker, firstDisagreement, trackerRuns } from './support/tracker-model.ts';

const block: RamBlock = { name: 'ram', pageCount: 16, hostFirstPage: 0, hasGuestMemfd: true };
const section: Section = { name: 'window', block, firstPage: 2, pageCount: 8, firstGfn: 100, readonly: false };

function create(consumer: FakeConsumer, options: Partial<TrackerOptions> = {}): SectionTracker {
  return new SectionTracker(consumer, section, { ...EXACT_TRACKING, ...options });
}

/** A condition that holds at the given runs of the block. */
function wanted(...runs: [number, number][]): { bits: Bitmap; is: boolean }[] {
  const bits = new Bitmap(block.pageCount);
  for (const [first, end] of runs) bits.set(first, end);
  return [{ bits, is: true }];
}

const faithful: CreateTracker = (consumer, at, granulePages) =>
  new SectionTracker(consumer, at, { ...EXACT_TRACKING, granulePages });

describe('SectionTracker', () => {
  test('tracker/naive-model: bits, consumer and answers are those of the naive model', () => {
    fc.assert(
      fc.property(trackerRuns, (run) => {
        expect(firstDisagreement(faithful, run)).toBeUndefined();
      }),
      { numRuns: fc.readConfigureGlobal()?.numRuns ?? 400 },
    );
  });

  test('tracker/runs: one map call per missing run, cut to the section', () => {
    const consumer = new FakeConsumer();
    const tracker = create(consumer);
    expect(tracker.mapMissing(wanted([0, 4], [6, 7], [8, 16]), 0, 16)).toBe(0);
    expect(consumer.takeCalls()).toEqual(['map [2,4) by 1', 'map [6,7) by 1', 'map [8,10) by 1']);
    expect(tracker.mapMissing(wanted([0, 16]), 3, 9)).toBe(0);
    expect(consumer.takeCalls()).toEqual(['map [4,6) by 1', 'map [7,8) by 1']);
    expect([tracker.holdsAny(0, 2), tracker.holdsAny(0, 3), tracker.holdsAny(10, 16)]).toEqual([false, true, false]);
  });

  test('tracker/side: a tracker of the private side maps and unmaps there', () => {
    const consumer = new FakeConsumer();
    const sides: string[] = [];
    const watching = Object.create(consumer, {
      mapRun: { value: (_at: Section, side: string): Status => (sides.push(`map ${side}`), 0) },
      unmapRun: { value: (_at: Section, side: string): Status => (sides.push(`unmap ${side}`), 0) },
    }) as FakeConsumer;
    const tracker = create(watching, { side: 'private' });
    tracker.mapMissing(wanted([2, 4]), 0, 16);
    tracker.unmapMapped(0, 16);
    expect([tracker.side, ...sides]).toEqual(['private', 'map private', 'unmap private']);
    expect(create(consumer).side).toBe('shared');
  });

  test('tracker/undo-where: what was unmapped comes back only where it is still wanted, what was mapped goes all the same', () => {
    const consumer = new FakeConsumer();
    const tracker = create(consumer);
    tracker.mapMissing(wanted([2, 6]), 0, 16);
    tracker.begin();
    tracker.unmapMapped(2, 6);
    tracker.mapMissing(wanted([8, 10]), 0, 16);
    tracker.undo(wanted([2, 3], [5, 16]));
    expect(consumer.heldPages).toEqual([2, 5]);
    expect(tracker.mapped.test(3)).toBe(false);
    expect(consumer.illegalCalls).toEqual([]);
  });

  test('tracker/outside: a range beside the section makes no call', () => {
    const consumer = new FakeConsumer();
    const tracker = create(consumer);
    expect([tracker.mapMissing(wanted([10, 16]), 10, 16), tracker.unmapMapped(0, 2)]).toEqual([0, 0]);
    expect(consumer.takeCalls()).toEqual([]);
  });

  test('tracker/unmap-range: a consumer that takes ranges gets one unmap per held run', () => {
    const consumer = new FakeConsumer('range');
    const tracker = create(consumer);
    tracker.mapMissing(wanted([2, 5], [7, 9]), 0, 16);
    consumer.takeCalls();
    expect(tracker.unmapMapped(0, 16)).toBe(0);
    expect(consumer.takeCalls()).toEqual(['unmap [2,5)', 'unmap [7,9)']);
  });

  test.each([
    { granulePages: 1, calls: ['unmap [2,3)', 'unmap [3,4)', 'unmap [4,5)'] },
    { granulePages: 2, calls: ['unmap [2,4)', 'unmap [4,5)'] },
    { granulePages: 4, calls: ['unmap [2,4)', 'unmap [4,5)'] },
  ])('tracker/unmap-exact: an exact consumer gets one unmap per granule of $granulePages', ({ granulePages, calls }) => {
    const consumer = new FakeConsumer('exact');
    const tracker = create(consumer, { granulePages });
    tracker.mapMissing(wanted([0, 5]), 0, 16);
    consumer.takeCalls();
    expect(tracker.unmapMapped(0, 16)).toBe(0);
    expect([consumer.takeCalls(), consumer.illegalCalls]).toEqual([calls, []]);
  });

  test('tracker/whole-runs: granules of a whole run are one mapping and one unmap each', () => {
    const consumer = new FakeConsumer('exact');
    const tracker = create(consumer, { granulePages: 'run' });
    tracker.mapMissing(wanted([3, 6], [7, 9]), 0, 16);
    tracker.unmapMapped(0, 16);
    expect(consumer.takeCalls()).toEqual(['map [3,6) by 3', 'map [7,9) by 2', 'unmap [3,6)', 'unmap [7,9)']);
    expect(consumer.illegalCalls).toEqual([]);
  });

  test('tracker/too-fine: granules finer than the smallest mapping are -EINVAL without a call', () => {
    const consumer = new FakeConsumer('range', 2);
    const tracker = create(consumer);
    expect(tracker.mapMissing(wanted([2, 6]), 0, 16)).toBe(-ERRNO.EINVAL);
    expect([consumer.takeCalls(), tracker.holdsAny(0, 16)]).toEqual([[], false]);
  });

  test('tracker/done: a map refused half-way is remembered as far as it came', () => {
    const consumer = new FakeConsumer();
    const tracker = create(consumer);
    consumer.passes.map = 4;
    expect(tracker.mapMissing(wanted([2, 5], [6, 9]), 0, 16)).toBe(MAP_REFUSED);
    expect(consumer.heldPages).toEqual([2, 3, 4, 6]);
    expect([tracker.mapped.popcount(0, 16), tracker.holdsAny(7, 16)]).toEqual([4, false]);
    tracker.undo();
    expect([consumer.heldPages, tracker.mapped.popcount(0, 16)]).toEqual([[], 0]);
  });

  test('tracker/done-granules: the end of what stays is a granule border, also from an odd start', () => {
    const consumer = new FakeConsumer('exact');
    const tracker = new SectionTracker(consumer, { ...section, firstPage: 1 }, { ...EXACT_TRACKING, granulePages: 4 });
    consumer.passes.map = 1;
    expect(tracker.mapMissing(wanted([0, 8]), 0, 16)).toBe(MAP_REFUSED);
    expect([consumer.heldPages, tracker.mapped.popcount(0, 16)]).toEqual([[1, 2, 3], 3]);
  });

  test('tracker/undo-refused: bits stay true when undoing is refused, and a later call repairs the rest', () => {
    const consumer = new FakeConsumer('exact');
    const tracker = create(consumer);
    tracker.begin();
    tracker.mapMissing(wanted([2, 6]), 0, 16);
    consumer.passes.unmap = 1;
    tracker.undo();
    expect([consumer.heldPages, tracker.holdsAny(2, 3), tracker.holdsAny(3, 6)]).toEqual([[3, 4, 5], false, true]);
    consumer.passes.unmap = Infinity;
    expect(tracker.unmapMapped(0, 16)).toBe(0);
    expect([consumer.heldPages, consumer.illegalCalls]).toEqual([[], []]);
  });

  test('tracker/many-steps: an operation of thousands of runs is undone to the last, and so is the next', () => {
    const big: RamBlock = { ...block, pageCount: 8192 };
    const consumer = new FakeConsumer();
    const tracker = new SectionTracker(consumer, { ...section, block: big, firstPage: 0, pageCount: 8192 });
    const bits = new Bitmap(8192);
    for (let page = 0; page < 8192; page += 4) bits.set(page, page + 1);
    const every = [{ bits, is: true }];
    for (let round = 0; round < 2; round += 1) {
      tracker.begin();
      tracker.mapMissing(every, 0, 8192);
      expect(tracker.mapped.popcount(0, 8192)).toBe(2048);
      tracker.undo();
      expect([tracker.mapped.popcount(0, 8192), consumer.heldPages.length]).toEqual([0, 0]);
      tracker.mapMissing(every, 0, 16);
      tracker.undo();
      expect(consumer.heldPages).toEqual([]);
    }
  });

  test('tracker/other-conditions: a second list of conditions is heeded as the first was', () => {
    const consumer = new FakeConsumer();
    const tracker = create(consumer);
    const [one, other] = [wanted([2, 4]), wanted([4, 6])];
    tracker.mapMissing(one, 0, 16);
    tracker.mapMissing(other, 0, 16);
    tracker.unmapMapped(0, 16);
    tracker.mapMissing(one, 0, 16);
    expect(consumer.takeCalls()).toEqual(['map [2,4) by 1', 'map [4,6) by 1', 'unmap [2,6)', 'map [2,4) by 1']);
  });

  test('tracker/forget: who forgets holds nothing, and undoes nothing', () => {
    const consumer = new FakeConsumer();
    const tracker = create(consumer);
    tracker.mapMissing(wanted([2, 4]), 0, 16);
    tracker.forget();
    tracker.undo();
    expect([tracker.holdsAny(0, 16), consumer.heldPages]).toEqual([false, [2, 3]]);
  });

  test('tracker/undo-mixed: what could not be unmapped is not mapped a second time', () => {
    const consumer = new FakeConsumer();
    const tracker = create(consumer);
    tracker.mapMissing(wanted([2, 4]), 0, 16);
    tracker.begin();
    tracker.unmapMapped(0, 16);
    tracker.mapMissing(wanted([2, 4]), 0, 16);
    consumer.passes.unmap = 0;
    tracker.undo();
    expect([consumer.heldPages, consumer.illegalCalls]).toEqual([[2, 3], []]);
  });

  test('tracker/begin: what came before begin is not undone', () => {
    const consumer = new FakeConsumer();
    const tracker = create(consumer);
    tracker.mapMissing(wanted([2, 4]), 0, 16);
    tracker.begin();
    tracker.mapMissing(wanted([2, 6]), 0, 16);
    tracker.undo();
    tracker.undo();
    expect(consumer.heldPages).toEqual([2, 3]);
  });
});

describe('SectionTracker with an option left out', () => {
  test('tracker/no-rollback: undo forgets and calls nobody', () => {
    const consumer = new FakeConsumer();
    const tracker = create(consumer, { rollback: false });
    tracker.mapMissing(wanted([2, 4]), 0, 16);
    consumer.takeCalls();
    tracker.undo();
    expect([consumer.takeCalls(), consumer.heldPages]).toEqual([[], [2, 3]]);
  });

  test('tracker/no-clip: pages outside the section are asked for', () => {
    const consumer = new FakeConsumer();
    create(consumer, { clip: false }).mapMissing(wanted([0, 4]), 0, 16);
    expect([consumer.takeCalls(), consumer.illegalCalls]).toEqual([['map [0,4) by 1'], ['a map outside the section']]);
  });

  test('tracker/no-exact-unmaps: the window is unmapped as it is, and undo maps what was mapped', () => {
    const consumer = new FakeConsumer('exact');
    const tracker = create(consumer, { exactUnmaps: false });
    tracker.mapMissing(wanted([4, 5]), 0, 16);
    tracker.begin();
    consumer.takeCalls();
    tracker.unmapMapped(0, 16);
    expect(consumer.takeCalls()).toEqual(['unmap [2,10)']);
    tracker.undo();
    expect([consumer.takeCalls(), consumer.heldPages]).toEqual([['map [4,5) by 1'], [4]]);
  });
});

/** The consumer holds what it mapped before the refusal; the bits do not say so. */
class ForgetsHalfMaps extends SectionTracker {
  override mapMissing(...[conditions, firstPage, endPage]: Parameters<SectionTracker['mapMissing']>): Status {
    const status = super.mapMissing(conditions, firstPage, endPage);
    if (status !== 0) this.mapped.clear(firstPage, endPage);
    return status;
  }
}

class NeverBegins extends SectionTracker {
  override begin(): void {
    // The fault: the steps of earlier operations stay.
  }
}

class SwallowsRefusals extends SectionTracker {
  override unmapMapped(firstPage: number, endPage: number): Status {
    super.unmapMapped(firstPage, endPage);
    return 0;
  }
}

class BelievesUnmapsWork extends SectionTracker {
  override unmapMapped(firstPage: number, endPage: number): Status {
    const status = super.unmapMapped(firstPage, endPage);
    if (status === UNMAP_REFUSED) this.mapped.clear(firstPage, endPage);
    return status;
  }
}

const PLANTED: Record<string, CreateTracker> = {
  'no rollback': (consumer, at, granulePages) => new SectionTracker(consumer, at, { ...EXACT_TRACKING, granulePages, rollback: false }),
  'no exact unmaps': (consumer, at, granulePages) => new SectionTracker(consumer, at, { ...EXACT_TRACKING, granulePages, exactUnmaps: false }),
  'no clipping': (consumer, at, granulePages) => new SectionTracker(consumer, at, { ...EXACT_TRACKING, granulePages, clip: false }),
  'one granule per run': (consumer, at) => new SectionTracker(consumer, at, { ...EXACT_TRACKING, granulePages: 'run' }),
  'forgets half maps': (consumer, at, granulePages) => new ForgetsHalfMaps(consumer, at, { ...EXACT_TRACKING, granulePages }),
  'never begins': (consumer, at, granulePages) => new NeverBegins(consumer, at, { ...EXACT_TRACKING, granulePages }),
  'swallows refusals': (consumer, at, granulePages) => new SwallowsRefusals(consumer, at, { ...EXACT_TRACKING, granulePages }),
  'believes unmaps work': (consumer, at, granulePages) => new BelievesUnmapsWork(consumer, at, { ...EXACT_TRACKING, granulePages }),
};

describe('a planted fault is caught by the naive model', () => {
  test.each(Object.keys(PLANTED))('tracker/planted: %s', (name) => {
    const property = fc.property(trackerRuns, (run) => {
      expect(firstDisagreement(PLANTED[name]!, run)).toBeUndefined();
    });
    const found = fc.check(property, { numRuns: 1000, seed: 1, endOnFailure: true });
    expect(found.failed).toBe(true);
    const run = found.counterexample![0];
    expect(firstDisagreement(PLANTED[name]!, run)).toMatch(/illegal calls|mapped bits|held pages|answers/);
    expect(firstDisagreement(faithful, run)).toBeUndefined();
  });
});
