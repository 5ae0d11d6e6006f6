// SPDX-License-Identifier: MIT
/**
 * Safety, then recovery: an operation that was refused, repeated once nothing stands in its way, ends in the very state
 * it would have reached without the refusal, and with the same answer. What the judge remembers of the refusal is left
 * out of the comparison; every word of the guest, the host and the design is in it.
 *
 * A refusal that changed nothing recovers by definition, so the retry is only made where a word differs.
 */
import type { Words } from '@sda-lab/guest-memory';
import type { Operation } from '../../history/operation.ts';
import type { Evidence } from '../../judge/violation.ts';
import { blockPageOf } from '../../world/layout.ts';
import type { Machine } from '../../world/machine.ts';
import type { World } from '../../world/world.ts';

/** A retry that says the right thing and has not done it breaks `atomic`; one that says another thing, `progress`. */
export interface NotRecovered {
  readonly invariant: 'atomic' | 'progress';
  readonly evidence: Evidence;
}

export class Recovery {
  readonly #guestCount: number;
  readonly #before: Int32Array;
  readonly #refused: Int32Array;
  readonly #retried: Int32Array;
  readonly #expected: Int32Array;

  /** `guestCount`: leading words that are compared. */
  constructor(wordCount: number, guestCount: number) {
    this.#guestCount = guestCount;
    this.#before = new Int32Array(wordCount);
    this.#refused = new Int32Array(wordCount);
    this.#retried = new Int32Array(wordCount);
    this.#expected = new Int32Array(wordCount);
  }

  /** Before the operation. */
  begin(words: Words): void {
    words.store(this.#before, 0);
  }

  /** The same where the words of the state are known. */
  beginAt(stored: Int32Array): void {
    for (let word = 0; word < stored.length; word += 1) this.#before[word] = stored[word]!;
  }

  /** After it was refused: whether no word of the world changed, the judge's included. */
  isUnchanged(words: Words): boolean {
    words.store(this.#refused, 0);
    for (let word = 0; word < this.#refused.length; word += 1) if (this.#refused[word] !== this.#before[word]) return false;
    return true;
  }

  /** What `isUnchanged` stored. */
  copyRefused(into: Int32Array, at: number): void {
    for (let word = 0; word < this.#refused.length; word += 1) into[at + word] = this.#refused[word]!;
  }

  /** After something changed: what differs at the end of a retry, or undefined. The world is left as it was found. */
  check(words: Words, world: World, operation: Operation, answer: string): NotRecovered | undefined {
    if (this.#isSame(this.#before, this.#refused)) return undefined;
    words.load(this.#before, 0);
    const expectedAnswer = perform(world, operation);
    const expectedEnded = world.hasEnded;
    words.store(this.#expected, 0);
    words.load(this.#refused, 0);
    // It was not refused, whatever became of the call.
    if (answer === expectedAnswer) return undefined;
    const retriedAnswer = perform(world, operation);
    const retriedEnded = world.hasEnded;
    words.store(this.#retried, 0);
    const isSame = retriedEnded === expectedEnded && retriedAnswer === expectedAnswer && this.#isSame(this.#retried, this.#expected);
    const detail = isSame ? undefined : this.#difference(words, world, retriedAnswer, expectedAnswer);
    words.load(this.#refused, 0);
    if (detail === undefined) return undefined;
    const invariant = retriedAnswer === expectedAnswer ? 'atomic' : 'progress';
    return { invariant, evidence: { reason: 'retry-differs', ...detail } };
  }

  #difference(words: Words, { machine }: World, retriedAnswer: string, expectedAnswer: string): Pick<Evidence, 'position' | 'detail'> {
    if (retriedAnswer !== expectedAnswer) return { detail: `it answers ${retriedAnswer} instead of ${expectedAnswer}` };
    words.load(this.#retried, 0);
    const retried = look(machine);
    words.load(this.#expected, 0);
    return firstDifference(retried, look(machine));
  }

  #isSame(one: Int32Array, other: Int32Array): boolean {
    for (let word = 0; word < this.#guestCount; word += 1) if (one[word] !== other[word]) return false;
    return true;
  }
}

/** Counts are back at zero when no device is left. */
export function countLeft({ containers, memory }: Machine): Evidence | undefined {
  const { uncoordinatedDisabled } = memory.coordination;
  if (uncoordinatedDisabled === 0) return undefined;
  for (const { attached } of containers) if (attached) return undefined;
  return { reason: 'counter-left', detail: `uncoordinatedDisabled=${uncoordinatedDisabled}` };
}

function perform(world: World, operation: Operation): string {
  const answer = world.apply(operation);
  world.machine.forgetRetries();
  world.judge.takeViolations();
  return answer;
}

/** By position, what can be seen of a page. */
function look({ memory, layout, containers, judge }: Machine): string[] {
  return Array.from({ length: layout.positionCount }, (_, position) => {
    const span = layout.spanAt(position);
    const page = blockPageOf(span, position);
    const mapped = containers.map(({ name }, at) => `${judge.isMapped(at, position) ? '' : 'not '}mapped in ${name}`);
    const sides = (['shared', 'private'] as const).filter((side) => memory.backing(span.section.block, page, side) !== 0);
    const plugged = judge.isPlugged(position) ? 'plugged' : 'unplugged';
    return [memory.sideAt(span.section, page), plugged, ...mapped, `memory on ${sides.join(' and ') || 'no'} side`].join(', ');
  });
}

function firstDifference(actual: readonly string[], expected: readonly string[]): Pick<Evidence, 'position' | 'detail'> {
  const position = actual.findIndex((text, at) => text !== expected[at]);
  if (position === -1) return { detail: 'what the design remembers is not what it would remember' };
  return { position, detail: `it is ${actual[position]} instead of ${expected[position]}` };
}
