// SPDX-License-Identifier: MIT
/** Frames by runs against the exact table: the same counts and states, whatever the identities. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AssertionFailure, FrameTable, RunFrameTable, type Side } from '../src/index.ts';

const PAGES = 20;

type Step = { readonly kind: 'fill' | 'drop' | 'pin' | 'unpin' | 'own' | 'write'; readonly first: number; readonly count: number; readonly side: Side };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('fill', 'fill', 'drop', 'pin', 'unpin', 'own', 'write'),
    first: fc.nat(PAGES - 1),
    count: fc.integer({ min: 1, max: PAGES }),
    side: fc.constantFrom('shared', 'private'),
  }),
  { maxLength: 40, size: 'max' },
);

/** Pages, each with the frame that backs it and those it pinned; done page by page through calls of one frame. */
class Pages {
  readonly table: FrameTable;
  readonly home: number;
  readonly backing: number[] = Array.from({ length: PAGES }, () => 0);
  readonly pinned: number[][] = Array.from({ length: PAGES }, () => []);

  constructor(table: FrameTable) {
    this.table = table;
    this.home = table.addHomes(PAGES);
  }

  act({ kind, first, count, side }: Step): void {
    const end = Math.min(PAGES, first + count);
    if (kind === 'fill') this.#fill(first, end, side);
    else this.#forEachRun(kind === 'unpin' ? this.pinned.map((frames) => frames.at(-1) ?? 0) : this.backing, first, end, (page, frame, pages) => this.#change(kind, side, page, frame, pages));
  }

  look(): unknown {
    const { liveCount, peakLiveCount, orphanCount, pinCount } = this.table;
    const frameAt = (frame: number): unknown => (frame === 0 ? 0 : [this.table.pins(frame), this.table.isOrphan(frame), this.table.owner(frame), this.table.read(frame)]);
    return { liveCount, peakLiveCount, orphanCount, pinCount, pages: this.backing.map(frameAt), pinned: this.pinned.map((frames) => frames.map(frameAt)) };
  }

  #fill(first: number, end: number, side: Side): void {
    for (let page = first; page < end; ) {
      if (this.backing[page] !== 0) {
        page += 1;
        continue;
      }
      let holeEnd = page + 1;
      while (holeEnd < end && this.backing[holeEnd] === 0) holeEnd += 1;
      const frame = this.table.allocateRun(this.home + page, holeEnd - page, side);
      for (let at = 0; at < this.table.allocatedCount; at += 1) this.backing[page + at] = frame + at;
      page += this.table.allocatedCount;
    }
  }

  #change(kind: Exclude<Step['kind'], 'fill'>, side: Side, page: number, frame: number, pages: number): void {
    if (kind === 'drop') this.table.unbackRun(frame, pages);
    if (kind === 'pin') this.table.pinRun(frame, pages);
    if (kind === 'unpin') this.table.unpinRun(frame, pages);
    if (kind === 'own') this.table.setOwnerRun(frame, pages, side);
    if (kind === 'write') this.table.write(frame, page + 1);
    for (let at = page; at < page + pages; at += 1) {
      if (kind === 'drop') this.backing[at] = 0;
      if (kind === 'pin') this.pinned[at]!.push(frame + at - page);
      if (kind === 'unpin') this.pinned[at]!.pop();
    }
  }

  /** Runs of consecutive identity; the exact table's are of one frame, so that a write is the same for both. */
  #forEachRun(frames: readonly number[], first: number, end: number, tell: (page: number, frame: number, pages: number) => void): void {
    const copy = [...frames];
    for (let page = first; page < end; ) {
      const frame = copy[page]!;
      let runEnd = page + 1;
      while (runEnd < end && copy[runEnd] === frame + runEnd - page) runEnd += 1;
      if (frame === 0) {
        page += 1;
        continue;
      }
      tell(page, frame, runEnd - page);
      page = runEnd;
    }
  }
}

/** A write goes to the first page of a run, so runs are made single for it. */
function single(step: Step): Step[] {
  if (step.kind !== 'write') return [step];
  return Array.from({ length: Math.min(step.count, PAGES - step.first) }, (_, at) => ({ ...step, first: step.first + at, count: 1 }));
}

function firstDifference(table: FrameTable, drawn: readonly Step[]): number {
  const [exact, runs] = [new Pages(new FrameTable()), new Pages(table)];
  return drawn.flatMap(single).findIndex((step) => {
    exact.act(step);
    runs.act(step);
    return JSON.stringify(exact.look()) !== JSON.stringify(runs.look());
  });
}

describe('frames by runs', () => {
  test.each([2, 8, 512])('frames/exact: leaves of %i: as the exact table counts and answers', (leafPages) => {
    fc.assert(
      fc.property(steps, (drawn) => {
        expect(firstDifference(new RunFrameTable(leafPages), drawn)).toBe(-1);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test('frames/home: pages that come one by one in any order are of consecutive identity', () => {
    const frames = new RunFrameTable(8);
    const home = frames.addHomes(16);
    const made = [5, 3, 4, 0, 15].map((page) => [page, frames.allocateRun(home + page, 1, 'shared')]);
    expect(made.every(([page, frame]) => frame === home + page!)).toBe(true);
  });

  test('frames/generation: the same identity for another frame is a later generation', () => {
    const frames = new RunFrameTable(8);
    const home = frames.addHomes(8);
    frames.allocateRun(home, 8, 'shared');
    frames.unbackRun(home + 2, 3);
    frames.allocateRun(home + 2, 3, 'private');
    expect([1, 2, 4, 5].map((page) => frames.generation(home + page))).toEqual([1, 2, 2, 1]);
  });

  test('frames/orphan: while an orphan has a home, the page gets another identity', () => {
    const frames = new RunFrameTable(8);
    const home = frames.addHomes(8);
    frames.pinRun(frames.allocateRun(home, 4, 'shared'), 4);
    frames.unbackRun(home, 4);
    const other = frames.allocateRun(home, 4, 'shared');
    expect([frames.orphanCount, frames.liveCount, other >= home + 8]).toEqual([4, 8, true]);
    frames.unpinRun(home, 4);
    expect([frames.orphanCount, frames.liveCount]).toEqual([0, 4]);
  });

  test('frames/refused: what the exact table refuses is refused', () => {
    const frames = new RunFrameTable(8);
    const home = frames.addHomes(8);
    for (const call of [() => frames.unbackRun(home, 1), () => frames.pinRun(home, 1), () => frames.unpinRun(home, 1), () => frames.setOwner(home, 'private'), () => frames.read(home), () => frames.clear()]) {
      expect(call).toThrow(AssertionFailure);
    }
  });

  test('frames/planted: orphans that are never freed are seen', () => {
    class KeepsOrphans extends RunFrameTable {
      override unpinRun(first: number, count: number): void {
        for (let frame = first; frame < first + count; frame += 1) if (!this.isOrphan(frame)) super.unpinRun(frame, 1);
      }
    }
    const drawn: Step[] = (['fill', 'pin', 'drop', 'unpin'] as const).map((kind) => ({ kind, first: 1, count: 3, side: 'shared' }));
    expect(firstDifference(new KeepsOrphans(8), drawn)).toBe(3);
  });
});

test('frames/end-of-run: a run ends where kind, owner, pins or generation change', () => {
  const table = new RunFrameTable(8);
  const home = table.addHomes(8);
  expect([table.allocateRun(home, 8, 'shared'), table.allocatedCount]).toEqual([home, 8]);
  expect(table.endOfRun(home, home + 8)).toBe(home + 8);
  // The same frame again, one generation on: in every other respect it is as its neighbours.
  table.unback(home + 5);
  expect(table.allocateRun(home + 5, 1, 'shared')).toBe(home + 5);
  expect(table.generation(home + 5)).toBe(table.generation(home + 4) + 1);
  expect([table.endOfRun(home, home + 8), table.endOfRun(home + 5, home + 8), table.endOfRun(home + 6, home + 8)]).toEqual([home + 5, home + 6, home + 8]);
  table.pin(home + 2);
  expect(table.endOfRun(home, home + 8)).toBe(home + 2);
  table.setOwner(home + 1, 'private');
  expect(table.endOfRun(home, home + 8)).toBe(home + 1);
});

test('frames/generations: a frame that comes a thousand times is told from the one before each time', () => {
  const table = new RunFrameTable(8);
  const home = table.addHomes(8);
  for (let turn = 0; turn < 1000; turn += 1) {
    const frame = table.allocateRun(home, 1, 'shared');
    const before = table.generation(frame);
    table.unback(frame);
    expect(table.generation(table.allocateRun(home, 1, 'shared'))).not.toBe(before);
    table.unback(home);
  }
});
