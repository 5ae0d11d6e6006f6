// SPDX-License-Identifier: MIT
/**
 * Races: every operation with every other one run inside it, at every event, where the lock table lets them meet
 * (world/nested.ts: nested, bound 1) and the guest keeps to its side of virtio-mem. What comes out must be one of the two
 * orders, word for word and answer for answer; the judge watches all of it as ever. No call is refused inside a race.
 *
 * A run that ends as one of the orders leads nowhere new, since both orders are searched as operations at rest. Anything
 * else is a violation of `atomic` and a state of its own. An inner operation that waited for a lock ran when the outer
 * one was over: that is one of the orders by construction, and no transition.
 *
 * Numbered by outer operation, inner operation, event (from 1), the events innermost: the orders are looked up once for
 * all of them.
 */
import { assert, type Words } from '@sda-lab/guest-memory';
import type { NestedOperation, Operation } from '../../history/operation.ts';
import type { Evidence } from '../../judge/violation.ts';
import { whyNotInside } from '../../world/locks.ts';
import type { World } from '../../world/world.ts';

/** How a race compares with the orders: as none, as one, or as one but for what the judge remembers. */
export const NEITHER = 0;
export const ONE_ORDER = 1;
export const OTHER_MEMORY = 2;

/** What became of a race: its event never came, its inner operation waited, ran, would have waited half done, or ended all. */
export const NEVER = 10;
export const AFTER = 11;
export const INSIDE = 12;
export const BLOCKED = 13;
export const VMM_GONE = 14;

interface Pair {
  readonly outer: number;
  readonly inner: number;
}

/** What the races of a world need of its model. */
export interface RaceGround {
  readonly operations: readonly Operation[];
  readonly guestCount: number;
  readonly wordCount: number;
  /**
   * Whether it is one request of the guest: a conversion over several sections is one after the other, and what comes
   * between them is searched at rest.
   */
  isOneRequest(operation: Operation): boolean;
  /** An operation at rest, judged and forgotten; what it answered. */
  perform(operation: Operation): string;
}

export class Races {
  readonly count: number;
  readonly #ground: RaceGround;
  readonly #inner: readonly Operation[];
  readonly #pairs: readonly Pair[];
  readonly #mostEvents: number;
  readonly #before: Int32Array;
  readonly #after: Int32Array;
  readonly #outerFirst: Int32Array;
  readonly #innerFirst: Int32Array;
  readonly #outerFirstAnswers: [string, string] = ['', ''];
  readonly #innerFirstAnswers: [string, string] = ['', ''];
  /** The pair the orders are known of, in the state of now; or -1. */
  #known = -1;
  /** By operation: its events in the state of now, or -1 while it was not seen there. */
  readonly #events: Int32Array;

  /** `accesses`: operations that run inside others only, such as a device's. */
  constructor(ground: RaceGround, accesses: readonly Operation[], mostEvents: number) {
    this.#ground = ground;
    this.#inner = [...ground.operations, ...accesses];
    this.#mostEvents = mostEvents;
    const areRaced = (outer: Operation, inner: Operation): boolean =>
      ground.isOneRequest(outer) && ground.isOneRequest(inner) && mayMeet(outer, inner);
    this.#pairs = ground.operations.flatMap((outer, at) =>
      this.#inner.flatMap((inner, which) => (areRaced(outer, inner) ? [{ outer: at, inner: which }] : [])),
    );
    this.count = this.#pairs.length * mostEvents;
    this.#before = new Int32Array(ground.wordCount);
    this.#after = new Int32Array(ground.wordCount);
    this.#outerFirst = new Int32Array(ground.wordCount);
    this.#innerFirst = new Int32Array(ground.wordCount);
    this.#events = new Int32Array(ground.operations.length).fill(-1);
  }

  /** Another state: nothing is known of it. */
  forget(): void {
    this.#known = -1;
    this.#events.fill(-1);
  }

  /** An operation went alone in the state of now, with so many events. */
  noteAlone(operation: number, eventCount: number): void {
    assert(eventCount <= this.#mostEvents, 'an operation of a searched world has no more events than races are tried at');
    this.#events[operation] = eventCount;
  }

  /** Whether it is known that the outer operation never gets so far. */
  isBeyond(race: number): boolean {
    const { outer } = this.#pairs[Math.floor(race / this.#mostEvents)]!;
    const events = this.#events[outer]!;
    return events !== -1 && (race % this.#mostEvents) + 1 > events;
  }

  outerOf(race: number): Operation {
    return this.#ground.operations[this.#pairs[Math.floor(race / this.#mostEvents)]!.outer]!;
  }

  nestedOf(race: number): NestedOperation {
    const { inner } = this.#pairs[Math.floor(race / this.#mostEvents)]!;
    return { op: 'at', event: (race % this.#mostEvents) + 1, operation: this.#inner[inner]! as NestedOperation['operation'] };
  }

  /** Before a race; `here` are the words of the state, where they are known. */
  begin(words: Words, here: Int32Array | undefined): void {
    if (here === undefined) words.store(this.#before, 0);
    else this.#before.set(here);
  }

  /** What became of the inner operation of the race that was just run. */
  fateIn(world: World): typeof NEVER | typeof AFTER | typeof BLOCKED | typeof VMM_GONE | typeof INSIDE {
    const fate = world.fates.at(-1);
    world.fates.length = 0;
    if (fate === 'blocked') return BLOCKED;
    if (fate === 'never') return NEVER;
    if (fate === 'after') return AFTER;
    assert(fate === 'inside', 'only pairs that may meet are run');
    return world.hasEnded ? VMM_GONE : INSIDE;
  }

  /**
   * How what is there now compares with the two orders, by the answers of both operations and by words; the world stays
   * as it is. `answer` is that of the outer operation.
   */
  compare(race: number, words: Words, answer: string, innerAnswer: string): typeof NEITHER | typeof ONE_ORDER | typeof OTHER_MEMORY {
    words.store(this.#after, 0);
    const pair = Math.floor(race / this.#mostEvents);
    const { outer, inner } = this.#pairs[pair]!;
    const [first, second] = [this.#ground.operations[outer]!, this.#inner[inner]!];
    if (pair !== this.#known) {
      this.#order(words, first, second, this.#outerFirst, this.#outerFirstAnswers);
      this.#order(words, second, first, this.#innerFirst, this.#innerFirstAnswers);
      this.#known = pair;
      words.load(this.#after, 0);
    }
    const [outerFirst, innerFirst] = [this.#outerFirstAnswers, this.#innerFirstAnswers];
    const isOuterFirst = answer === outerFirst[0] && isSameAnswer(second, innerAnswer, outerFirst[1]);
    const isInnerFirst = answer === innerFirst[1] && isSameAnswer(second, innerAnswer, innerFirst[0]);
    const { guestCount, wordCount } = this.#ground;
    if (isOuterFirst && this.#isAfter(this.#outerFirst, wordCount)) return ONE_ORDER;
    if (isInnerFirst && this.#isAfter(this.#innerFirst, wordCount)) return ONE_ORDER;
    if (isOuterFirst && this.#isAfter(this.#outerFirst, guestCount)) return OTHER_MEMORY;
    return isInnerFirst && this.#isAfter(this.#innerFirst, guestCount) ? OTHER_MEMORY : NEITHER;
  }

  /** What a race is that ends as neither order. */
  evidence(race: number): Evidence {
    return { reason: 'neither-order', detail: this.nestedOf(race).operation.op };
  }

  #order(words: Words, first: Operation, second: Operation, into: Int32Array, answers: [string, string]): void {
    words.load(this.#before, 0);
    answers[0] = this.#ground.perform(first);
    answers[1] = this.#ground.perform(second);
    words.store(into, 0);
  }

  #isAfter(order: Int32Array, count: number): boolean {
    for (let word = 0; word < count; word += 1) if (this.#after[word] !== order[word]) return false;
    return true;
  }
}

/** An access answers with the value it met, and each written value is a fresh one. */
function isSameAnswer({ op }: Operation, one: string, other: string): boolean {
  return one === other || op === 'dma' || op === 'touch';
}

/**
 * A guest does not use memory while it plugs it or gives it back (virtio 1.2, 5.15.6: its driver must not); whether it
 * converts it meanwhile is another matter, which designs have to stand.
 */
function mayMeet(outer: Operation, inner: Operation): boolean {
  const isPlugRequest = outer.op === 'plug' || outer.op === 'unplug' || outer.op === 'unplug-all';
  return whyNotInside(outer, inner) === undefined && !(isPlugRequest && inner.op === 'touch');
}
