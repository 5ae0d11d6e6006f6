// SPDX-License-Identifier: MIT
import {
  AWAY,
  type Cast,
  type Consumer,
  EXACT_TRACKING,
  type FollowedBlock,
  Followers,
  FollowerWords,
  type PlugSource,
  type RamBlock,
  type Section,
  type Words,
} from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { FakeConsumer } from './support/fake-consumer.ts';

const block: RamBlock = { name: 'ram', pageCount: 8, hostFirstPage: 0, hasGuestMemfd: true };
const section = (of: RamBlock, firstGfn: number): Section => ({ name: `at${firstGfn}`, block: of, firstPage: 0, pageCount: 8, firstGfn, readonly: false });
const [low, high, elsewhere] = [section(block, 0), section(block, 8), section({ ...block, name: 'other' }, 16)];
const named = (name: string): FakeConsumer => Object.assign(new FakeConsumer(), { name });
const sources: PlugSource[] = ['m0', 'm1'].map((name) => ({ name, granulePages: 1, isPlugged: () => true }));
const stranger: PlugSource = { name: 'm9', granulePages: 1, isPlugged: () => true };

const followed = (of: RamBlock): FollowedBlock => ({ block: of, followers: new Followers(EXACT_TRACKING), source: undefined });

interface Bench {
  readonly first: FollowedBlock;
  readonly blocks: readonly FollowedBlock[];
  readonly words: FollowerWords;
  readonly consumers: readonly FakeConsumer[];
}

/** The sections of one block; whatever other blocks there are have none. c1 follows on both sides. */
function createBench(consumerCount = 2, blockCount = 1): Bench {
  const consumers = Array.from({ length: consumerCount }, (_, at) => named(`c${at}`));
  const blocks = Array.from({ length: blockCount }, (_, at) => followed(at === 0 ? block : { ...block, name: `ram${at}` }));
  const cast: Cast = { consumers, sections: [low, elsewhere, high], sources };
  const sidesOf = ({ name }: Consumer): readonly ('shared' | 'private')[] => (name === 'c1' ? ['shared', 'private'] : ['shared']);
  return { first: blocks[0]!, blocks, words: new FollowerWords(blocks, cast, sidesOf), consumers };
}

function stored(words: Words): number[] {
  const into = new Int32Array(words.count + 2).fill(7);
  words.store(into, 1);
  expect([into[0], into.at(-1)]).toEqual([7, 7]);
  return Array.from(into.subarray(1, -1));
}

describe('words of who follows', () => {
  test('follower-words/order: by consumer, section and side, of the blocks that were added', () => {
    const { words } = createBench();
    const places = words.trackers.map(({ consumer, section: at, side }) => `${consumer.name} ${at.name} ${side}`);
    expect(places).toEqual(['c0 at0 shared', 'c0 at8 shared', 'c1 at0 shared', 'c1 at0 private', 'c1 at8 shared', 'c1 at8 private']);
  });

  test('follower-words/bits: behind the source of the block; following is 1, left over 2', () => {
    const { first, words, consumers } = createBench();
    const [c0, c1] = consumers as [FakeConsumer, FakeConsumer];
    for (const at of [low, high]) first.followers.follow(c0, at, 'shared').mapMissing([], 0, 1);
    first.followers.follow(c1, high, 'private');
    c0.passes.unmap = 0;
    first.followers.leave(c0, low, true);
    expect(stored(words)).toEqual([0b01_00_00_00_01_10 << 8]);
    first.source = sources[1];
    expect(stored(words)).toEqual([(0b01_00_00_00_01_10 << 8) | 2]);
  });

  test.each([1, 2, 3, 4, 5, 8])('follower-words/many: with %i blocks, a load puts everybody where he belongs', (blockCount) => {
    const [one, two] = [createBench(20, blockCount), createBench(20, blockCount)];
    for (const at of [0, 5, 9, 11, 12, 19]) one.first.followers.follow(one.consumers[at]!, high, 'shared');
    for (const [at, each] of one.blocks.entries()) if (at % 3 === 1) each.source = sources[at % 2];
    two.first.followers.follow(two.consumers[7]!, low, 'shared');
    two.first.source = sources[0];
    expect(stored(one.words)).toHaveLength(Math.ceil((blockCount * 8 + 42 * 2) / 32));
    two.words.load(Int32Array.from(stored(one.words)), 0);
    expect(stored(two.words)).toEqual(stored(one.words));
    expect(two.blocks.map(({ source }) => source)).toEqual(one.blocks.map(({ source }) => source));
    const following = ({ followers }: FollowedBlock): string[] => followers.all.filter(({ isFollowing }) => isFollowing).map(({ consumer }) => consumer.name);
    expect(following(two.first)).toEqual(['c9', 'c5', 'c19', 'c12', 'c11', 'c0']);
  });

  test('follower-words/steps: what was done before a load is not undone after it', () => {
    const { first, words, consumers } = createBench();
    const [c0] = consumers as [FakeConsumer];
    const tracker = first.followers.follow(c0, low, 'shared');
    tracker.mapMissing([], 0, 3);
    words.load(Int32Array.from(stored(words)), 0);
    tracker.undo();
    expect(c0.heldPages).toEqual([0, 1, 2]);
  });

  test('follower-words/same-source: a load that changes no source sets none', () => {
    let sets = 0;
    const holder: FollowedBlock = { ...followed(block), get source() { return sources[0]; }, set source(_) { sets += 1; } };
    const words = new FollowerWords([holder], { consumers: [], sections: [], sources }, () => []);
    words.load(Int32Array.from([1]), 0);
    expect(sets).toBe(0);
    words.load(Int32Array.from([2]), 0);
    expect(sets).toBe(1);
  });
});

describe('somebody whom the cast does not name', () => {
  test('follower-words/stranger: is no state while away, and away after a load', () => {
    const { first, words } = createBench();
    const empty = Int32Array.from(stored(words));
    const tracker = first.followers.follow(named('c9'), low, 'shared');
    tracker.mapMissing([], 0, 1);
    expect([stored(words), words.isWhole]).toEqual([[0], false]);
    words.load(empty, 0);
    expect([tracker.standing, tracker.holdsAny(0, 8)]).toEqual([AWAY, false]);
    expect([stored(words), words.isWhole]).toEqual([[0], true]);
  });

  test('follower-words/earlier-stranger: is one too who was there before the words', () => {
    const { first, consumers } = createBench();
    first.followers.follow(named('c9'), low, 'shared');
    const words = new FollowerWords([first], { consumers, sections: [low], sources }, () => ['shared']);
    stored(words);
    expect(words.isWhole).toBe(false);
  });

  test('follower-words/strange-source: makes them not whole, until it is gone', () => {
    const { first, words } = createBench();
    first.source = stranger;
    expect([stored(words), words.isWhole]).toEqual([[0], false]);
    words.load(new Int32Array(1), 0);
    expect([first.source, stored(words), words.isWhole]).toEqual([undefined, [0], true]);
  });
});
