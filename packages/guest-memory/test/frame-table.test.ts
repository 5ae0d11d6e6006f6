// SPDX-License-Identifier: MIT
import { AssertionFailure, FrameTable, type Side } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { firstDisagreement, frameOperations } from './support/frame-table-model.ts';

describe('FrameTable', () => {
  test('frames/naive-model: every answer is that of the naive model', () => {
    fc.assert(
      fc.property(frameOperations, (operations) => {
        expect(firstDisagreement(new FrameTable(), operations)).toBeUndefined();
      }),
    );
  });

  test('frames/orphan: a pinned frame outlives its backing until the last pin goes', () => {
    const frames = new FrameTable();
    const frame = frames.allocate('shared');
    frames.write(frame, 0xa1);
    frames.pin(frame);
    frames.pin(frame);
    frames.unback(frame);
    expect([frames.isOrphan(frame), frames.liveCount, frames.orphanCount]).toEqual([true, 1, 1]);
    frames.unpin(frame);
    expect(frames.read(frame)).toBe(0xa1);
    frames.unpin(frame);
    expect([frames.isOrphan(frame), frames.liveCount, frames.orphanCount, frames.pinCount]).toEqual([false, 0, 0, 0]);
  });

  test('frames/reuse: the identity freed last is used next, zeroed and one generation on', () => {
    const frames = new FrameTable();
    const [first, second] = [frames.allocate('private'), frames.allocate('shared')];
    frames.write(first, 1);
    frames.write(first, 2, 8);
    frames.unback(second);
    frames.unback(first);
    expect(frames.allocate('shared')).toBe(first);
    expect([frames.generation(first), frames.owner(first), frames.read(first), frames.read(first, 8)]).toEqual([2, 'shared', 0, 0]);
    expect(frames.allocate('shared')).toBe(second);
    expect([frames.liveCount, frames.peakLiveCount]).toEqual([2, 2]);
  });

  test('frames/owner: a frame that changes owner keeps identity, generation and content', () => {
    const frames = new FrameTable();
    const frame = frames.allocate('private');
    frames.write(frame, 7);
    frames.setOwner(frame, 'shared');
    expect([frames.owner(frame), frames.generation(frame), frames.read(frame)]).toEqual(['shared', 1, 7]);
  });
});

describe('a frame table that is loaded', () => {
  test('frames/clear: nobody holds anything, identities begin at 1, generations and the peak go on', () => {
    const frames = oneOfEach();
    frames.write(1, 0xa1);
    frames.write(1, 0xa2, 8);
    frames.clear();
    expect([frames.liveCount, frames.orphanCount, frames.pinCount, frames.endIdentity]).toEqual([0, 0, 0, 1]);
    expect([frames.peakLiveCount, frames.pins(2), frames.isOrphan(2)]).toEqual([3, 0, false]);
    expect([frames.allocate('private'), frames.allocate('shared')]).toEqual([1, 2]);
    expect([frames.generation(1), frames.read(1), frames.read(1, 8), frames.owner(1)]).toEqual([3, 0, 0, 'private']);
  });

  test('frames/recreate: an orphan goes with its last pin, a backed frame with its backing', () => {
    const frames = new FrameTable();
    const [backed, orphan] = [frames.recreate(false, true), frames.recreate(true, false)];
    frames.pin(orphan);
    expect([backed, orphan, frames.isOrphan(backed), frames.isOrphan(orphan)]).toEqual([1, 2, false, true]);
    expect([frames.owner(orphan), frames.liveCount, frames.orphanCount]).toEqual(['private', 2, 1]);
    frames.unpin(orphan);
    frames.unback(backed);
    expect([frames.liveCount, frames.orphanCount, frames.pinCount, frames.endIdentity]).toEqual([0, 0, 0, 3]);
  });

  test('frames/many: freed identities are kept over more than the first arrays hold', () => {
    const frames = new FrameTable();
    for (let n = 1; n <= 200; n += 1) expect(frames.allocate('shared')).toBe(n);
    for (let n = 1; n <= 200; n += 1) frames.unback(n);
    for (let n = 200; n >= 1; n -= 1) expect(frames.allocate('shared')).toBe(n);
    expect(frames.allocate('shared')).toBe(201);
  });
});

/** A table in which 1 is backed, 2 an orphan, 3 free again, and the rest never was. */
function oneOfEach(): FrameTable {
  const frames = new FrameTable();
  for (let n = 0; n < 3; n += 1) frames.allocate('shared');
  frames.pin(2);
  frames.unback(2);
  frames.unback(3);
  return frames;
}

const CALLS: Record<string, (frames: FrameTable, frame: number) => unknown> = {
  unback: (frames, frame) => frames.unback(frame),
  pin: (frames, frame) => frames.pin(frame),
  unpin: (frames, frame) => frames.unpin(frame),
  setOwner: (frames, frame) => frames.setOwner(frame, 'private'),
  read: (frames, frame) => frames.read(frame),
  write: (frames, frame) => frames.write(frame, 1),
};

/** Frames 5 and 5000 lie inside and outside of the table's first arrays; -14 is what a refused pin returns. */
const NOBODY = { 'no frame': 0, 'a free frame': 3, 'one never allocated': 5, 'one far off': 5000, 'an errno': -14 };

describe('a frame table refuses by assertion', () => {
  test.each(
    Object.keys(CALLS).flatMap((call) => Object.entries(NOBODY).map(([who, frame]) => ({ call, who, frame }))),
  )('$call of $who', ({ call, frame }) => {
    const frames = oneOfEach();
    expect(() => CALLS[call]!(frames, frame)).toThrow(AssertionFailure);
    expect([frames.liveCount, frames.orphanCount, frames.pinCount]).toEqual([2, 1, 1]);
  });

  test.each([
    { call: 'unback', who: 'an orphan', frame: 2 },
    { call: 'unpin', who: 'a frame without pins', frame: 1 },
  ])('$call of $who', ({ call, frame }) => {
    expect(() => CALLS[call]!(oneOfEach(), frame)).toThrow(AssertionFailure);
  });
});

class FreesPinnedFrames extends FrameTable {
  override unback(frame: number): void {
    while (this.pins(frame) > 0) this.unpin(frame);
    super.unback(frame);
  }
}

class LosesOrphans extends FrameTable {
  override unpin(frame: number): void {
    if (!this.isOrphan(frame) || this.pins(frame) > 1) super.unpin(frame);
  }
}

class HandsOutOldContent extends FrameTable {
  override allocate(owner: Side): number {
    const frame = super.allocate(owner);
    if (this.generation(frame) > 1) this.write(frame, 0xa1);
    return frame;
  }
}

class ZeroesOneWordOnly extends FrameTable {
  override zero(frame: number): void {
    this.write(frame, 0);
  }
}

class HasOneGeneration extends FrameTable {
  override generation(frame: number): number {
    return Math.min(1, super.generation(frame));
  }
}

class KeepsTheFirstOwner extends FrameTable {
  override setOwner(): void {
    // The fault: nothing changes.
  }
}

class ForgetsThePeak extends FrameTable {
  override get peakLiveCount(): number {
    return this.liveCount;
  }
}

describe('a planted fault is caught by the naive model', () => {
  test.each([
    { planted: FreesPinnedFrames, seen: /pins of|liveCount|orphanCount/ },
    { planted: LosesOrphans, seen: /liveCount|orphanCount|pinCount/ },
    { planted: HandsOutOldContent, seen: /word 0 of/ },
    { planted: ZeroesOneWordOnly, seen: /word (8|4095) of/ },
    { planted: HasOneGeneration, seen: /generation of/ },
    { planted: KeepsTheFirstOwner, seen: /owner of/ },
    { planted: ForgetsThePeak, seen: /peakLiveCount/ },
  ])('$planted.name', ({ planted: Planted, seen }) => {
    const property = fc.property(frameOperations, (operations) => {
      expect(firstDisagreement(new Planted(), operations)).toBeUndefined();
    });
    const found = fc.check(property, { numRuns: 300, seed: 1 });
    expect(found.failed).toBe(true);
    expect(firstDisagreement(new Planted(), found.counterexample![0])).toMatch(seen);
  });
});
