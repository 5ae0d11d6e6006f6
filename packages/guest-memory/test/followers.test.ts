// SPDX-License-Identifier: MIT
import { AssertionFailure, AWAY, type Consumer, EXACT_TRACKING, Followers, FOLLOWING, LEFT_OVER, type RamBlock, type Section, type SectionTracker, type Side, tellOrder } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FakeConsumer, MAP_REFUSED, UNMAP_REFUSED } from './support/fake-consumer.ts';

const block: RamBlock = { name: 'm0', pageCount: 8, hostFirstPage: 0, hasGuestMemfd: true };
const slot = (firstGfn: number): Section => ({ name: `slot${firstGfn}`, block, firstPage: 0, pageCount: 8, firstGfn, readonly: false });
const section = slot(64);

interface Bench {
  readonly consumer: FakeConsumer;
  readonly followers: Followers;
  readonly tracker: SectionTracker;
}

/** A consumer that follows the section and has mapped pages 2 and 3 of it. */
function following(rollback = true): Bench {
  const consumer = new FakeConsumer();
  const followers = new Followers({ ...EXACT_TRACKING, rollback });
  const tracker = followers.follow(consumer, section, 'shared');
  tracker.mapMissing([], 2, 4);
  consumer.takeCalls();
  return { consumer, followers, tracker };
}

/** It went, and would not let go of pages 2 and 3. */
function leftOver(): Bench {
  const bench = following();
  bench.consumer.passes.unmap = 0;
  bench.followers.leave(bench.consumer, section, true);
  bench.consumer.passes.unmap = Infinity;
  bench.consumer.takeCalls();
  return bench;
}

describe('who follows the sections of a block', () => {
  test('followers/once: a consumer that comes again has the same tracker, and holds nothing', () => {
    const { consumer, followers, tracker } = following();
    expect([tracker.standing, followers.isFollowedBy(consumer), followers.isFollowedBy(new FakeConsumer())]).toEqual([FOLLOWING, true, false]);
    followers.leave(consumer, section, true);
    expect([tracker.standing, followers.isFollowedBy(consumer), consumer.heldPages]).toEqual([AWAY, false, []]);
    expect(followers.follow(consumer, section, 'shared')).toBe(tracker);
    expect(followers.all).toEqual([tracker]);
  });

  test('followers/lifetime: only who follows leaves, and only who is away comes', () => {
    const { consumer, followers } = following();
    expect(() => followers.follow(consumer, section, 'shared')).toThrow(AssertionFailure);
    expect(() => followers.leave(consumer, slot(128), true)).toThrow(AssertionFailure);
    followers.leave(consumer, section, true);
    expect(() => followers.leave(consumer, section, true)).toThrow(AssertionFailure);
  });

  test('followers/sides: each side has its tracker, and both go with the section', () => {
    const { consumer, followers, tracker } = following();
    const other = followers.follow(consumer, section, 'private');
    expect([tracker.side, other.side, followers.all.length]).toEqual(['shared', 'private', 2]);
    followers.leave(consumer, section, true);
    expect([tracker.standing, other.standing]).toEqual([AWAY, AWAY]);
  });

  test('followers/no-teardown: who is not unmapped is forgotten with what it holds', () => {
    const { consumer, followers, tracker } = following();
    followers.leave(consumer, section, false);
    expect([tracker.standing, tracker.holdsAny(0, 8), consumer.takeCalls()]).toEqual([AWAY, false, []]);
  });
});

describe('what a consumer would not let go of when a section went', () => {
  test('left-overs/none: an unmap that is done leaves nothing to settle', () => {
    const { consumer, followers } = following();
    followers.leave(consumer, section, true);
    consumer.takeCalls();
    expect([followers.settle(consumer), consumer.takeCalls()]).toEqual([0, []]);
  });

  test('left-overs/comes-back: it goes when the consumer comes back to the block, once', () => {
    const { consumer, followers, tracker } = leftOver();
    expect([tracker.standing, consumer.heldPages, followers.isFollowedBy(consumer)]).toEqual([LEFT_OVER, [2, 3], false]);
    expect([followers.settle(consumer), consumer.heldPages, tracker.standing]).toEqual([0, [], AWAY]);
    consumer.takeCalls();
    expect([followers.settle(consumer), consumer.takeCalls()]).toEqual([0, []]);
    expect(consumer.illegalCalls).toEqual([]);
  });

  test('left-overs/still-refused: the refusal is the answer, and the next time settles it', () => {
    const { consumer, followers } = leftOver();
    consumer.passes.unmap = 0;
    expect([followers.settle(consumer), consumer.heldPages]).toEqual([UNMAP_REFUSED, [2, 3]]);
    consumer.passes.unmap = Infinity;
    expect([followers.settle(consumer), consumer.heldPages]).toEqual([0, []]);
  });

  test('left-overs/others: who follows, and other consumers, are not asked', () => {
    const { consumer, followers } = leftOver();
    const other = new FakeConsumer();
    followers.follow(consumer, slot(128), 'shared').mapMissing([], 5, 6);
    expect(followers.settle(other)).toBe(0);
    expect(consumer.heldPages).toEqual([2, 3, 5]);
    expect([followers.settle(consumer), consumer.heldPages]).toEqual([0, [5]]);
  });

  test('left-overs/closed: a consumer that follows nothing any more took its mappings with it', () => {
    const { consumer, followers, tracker } = leftOver();
    followers.close(new FakeConsumer());
    expect(tracker.standing).toBe(LEFT_OVER);
    followers.close(consumer);
    expect([tracker.standing, tracker.holdsAny(0, 8)]).toEqual([AWAY, false]);
    expect([followers.settle(consumer), consumer.takeCalls()]).toEqual([0, []]);
  });

  test('left-overs/not-closed: who follows is not closed', () => {
    const { consumer, followers, tracker } = following();
    followers.close(consumer);
    expect([tracker.standing, tracker.holdsAny(2, 4)]).toEqual([FOLLOWING, true]);
  });
});

describe('a consumer that does not come to follow', () => {
  test('abandon/undone: what it mapped goes', () => {
    const { consumer, followers, tracker } = following();
    followers.abandon(consumer, section);
    expect([consumer.takeCalls(), tracker.standing]).toEqual([['unmap [2,4)'], AWAY]);
  });

  test('abandon/refused: what it will not let go of is left over, and goes when it comes back', () => {
    const { consumer, followers, tracker } = following();
    consumer.passes.map = 1;
    expect(tracker.mapMissing([], 4, 8)).toBe(MAP_REFUSED);
    consumer.passes.unmap = 1;
    followers.abandon(consumer, section);
    expect([consumer.heldPages, tracker.standing]).toEqual([[2, 3], LEFT_OVER]);
    consumer.passes.unmap = Infinity;
    expect([followers.settle(consumer), consumer.heldPages]).toEqual([0, []]);
  });

  test('abandon/no-rollback: without rollback it is forgotten with what it holds', () => {
    const { consumer, followers, tracker } = following(false);
    followers.abandon(consumer, section);
    expect([consumer.takeCalls(), consumer.heldPages, tracker.standing, tracker.holdsAny(0, 8)]).toEqual([[], [2, 3], AWAY, false]);
  });
});

describe('the order in which they are told', () => {
  const named = (name: string): Consumer => Object.assign(Object.create(new FakeConsumer()) as Consumer, { name });
  const places = ['c0', 'c1', 'c10', 'c2'].map(named).flatMap((consumer) =>
    [slot(64), slot(128)].flatMap((at) => (['shared', 'private'] as const).map((side): [Consumer, Section, Side] => [consumer, at, side])),
  );
  const text = ({ consumer, section: at, side }: SectionTracker): string => `${consumer.name} ${at.firstGfn} ${side}`;

  test('order/by-name: the last name, the highest section and the private side come first, whoever came first', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(places), (order) => {
        const followers = new Followers(EXACT_TRACKING);
        for (const place of order) followers.follow(...place);
        expect(followers.all.map(text)).toEqual(expectedOrder.filter((one) => order.some(([consumer, at, side]) => `${consumer.name} ${at.firstGfn} ${side}` === one)));
      }),
    );
  });

  /** Written out: names as text, so c10 stands before c2. */
  const expectedOrder = ['c2', 'c10', 'c1', 'c0'].flatMap((name) => [128, 64].flatMap((gfn) => [`${name} ${gfn} private`, `${name} ${gfn} shared`]));

  test('order/equals: two of one name, section and side are told newest first', () => {
    const followers = new Followers(EXACT_TRACKING);
    const [older, newer] = [followers.follow(named('c0'), section, 'shared'), followers.follow(named('c0'), section, 'shared')];
    expect(tellOrder(older, newer)).toBe(0);
    expect(followers.all).toEqual([newer, older]);
  });
});
