// SPDX-License-Identifier: MIT
/**
 * What an operation's pages were like before it, for `atomic`: a refused operation must leave all of it as it was.
 * Frames on the private side are compared by identity, since the guest's data is in them.
 *
 * Lifecycle: `capture` -> `forget`, `difference` after a refusal; and again, since what was captured is kept in one array
 * that later captures use again. Most operations succeed and never ask.
 */
import { blockPageOf, endOfRun, type Span } from '../world/layout.ts';
import type { JudgeState } from './judge-state.ts';
import type { PositionRun } from './position-run.ts';

/** Containers in one word of the captured state. */
const CONTAINERS_PER_WORD = 31;

/** Where a page's state begins with, before its words of containers. */
const POSITION = 0;
const SIDE = 1;
const PLUGGED = 2;
const SHARED = 3;
const PRIVATE = 4;
const MAPPED = 5;

/** By value of SIDE. The side of a page that no section shows says nothing: KVM makes it private when its memslot comes. */
const SIDES = ['shared', 'private', 'not shown'] as const;
const IS_NOT_SHOWN = 2;

const FORGOTTEN = -1;
const FIRST_CAPACITY = 64;

export class Before {
  readonly #state: JudgeState;
  /** Words of a page. */
  readonly #pageWords: number;
  #words = new Int32Array(FIRST_CAPACITY);
  #end = 0;
  /** One page, as it is now. */
  readonly #now: Int32Array;

  constructor(state: JudgeState) {
    this.#state = state;
    this.#pageWords = MAPPED + Math.ceil(state.tables.length / CONTAINERS_PER_WORD);
    this.#now = new Int32Array(this.#pageWords);
  }

  /** Words that what was captured takes. */
  get capacity(): number {
    return this.#words.length;
  }

  capture(runs: readonly PositionRun[]): this {
    this.#end = 0;
    for (const run of runs) {
      this.#makeRoom(run.end - run.first);
      for (let position = run.first; position < run.end; ) {
        const span = this.#state.layout.spanAt(position);
        const end = endOfRun(span, run.end);
        const isShown = this.#isShown(span);
        for (; position < end; position += 1) this.#capturePage(span, isShown, position);
      }
    }
    return this;
  }

  /** Pages that may differ after all. */
  forget(runs: readonly PositionRun[]): void {
    for (const { first, end } of runs) {
      for (let at = 0; at < this.#end; at += this.#pageWords) {
        const position = this.#words[at + POSITION]!;
        if (position >= first && position < end) this.#words[at + POSITION] = FORGOTTEN;
      }
    }
  }

  /** The first position that differs now, and how; undefined when all are as before. */
  difference(): { position: number; detail: string } | undefined {
    for (let at = 0; at < this.#end; at += this.#pageWords) {
      const position = this.#words[at + POSITION]!;
      if (position === FORGOTTEN) continue;
      const span = this.#state.layout.spanAt(position);
      this.#look(this.#now, 0, span, this.#isShown(span), position);
      const detail = this.#firstDifference(at);
      if (detail !== undefined) return { position, detail };
    }
    return undefined;
  }

  #capturePage(span: Span, isShown: boolean, position: number): void {
    // What an earlier refusal left half done may be finished or taken back by this one.
    if (this.#state.pending[position] !== 0) return;
    this.#look(this.#words, this.#end, span, isShown, position);
    this.#end += this.#pageWords;
  }

  #isShown({ section }: Span): boolean {
    return this.#state.memory.addressSpace.sections.includes(section);
  }

  #look(words: Int32Array, at: number, span: Span, isShown: boolean, position: number): void {
    const { memory, plugged, tables } = this.#state;
    const { block } = span.section;
    const page = blockPageOf(span, position);
    words[at + POSITION] = position;
    words[at + SIDE] = !isShown ? IS_NOT_SHOWN : this.#state.sideOf(span, position) === 'private' ? 1 : 0;
    words[at + PLUGGED] = plugged[position]!;
    words[at + SHARED] = memory.backing(block, page, 'shared');
    words[at + PRIVATE] = memory.backing(block, page, 'private');
    for (let index = at + MAPPED; index < at + this.#pageWords; index += 1) words[index] = 0;
    for (let which = 0; which < tables.length; which += 1) {
      if (tables[which]!.mapped[position] === 1) words[at + MAPPED + wordOf(which)]! |= bitOf(which);
    }
  }

  /** What of the page differs now, in words. */
  #firstDifference(at: number): string | undefined {
    const words = this.#words;
    const now = this.#now;
    if (words[at + SIDE] !== now[SIDE]) return changed('its side', SIDES[words[at + SIDE]!], SIDES[now[SIDE]!]);
    if (words[at + PLUGGED] !== now[PLUGGED]) return changed('plugged', words[at + PLUGGED] === 1, now[PLUGGED] === 1);
    // In place, pinning fills a hole of the one guest_memfd, and the zero page stays when the side goes back.
    const mayFill = this.#state.memory.regime === 'in-place';
    for (const which of [SHARED, PRIVATE]) {
      const before = words[at + which]!;
      if (before === now[which] || (mayFill && before === 0)) continue;
      return changed(which === SHARED ? 'the shared frame' : 'the private frame', before, now[which]);
    }
    for (let word = MAPPED; word < this.#pageWords; word += 1) {
      if (words[at + word] === now[word]) continue;
      return changed('mapped per container', this.#mappedText(words, at), this.#mappedText(now, 0));
    }
    return undefined;
  }

  /** One character per container, 1 = mapped. */
  #mappedText(words: Int32Array, at: number): string {
    const isMapped = (which: number): boolean => (words[at + MAPPED + wordOf(which)]! & bitOf(which)) !== 0;
    return this.#state.tables.map((_, which) => (isMapped(which) ? '1' : '0')).join('');
  }

  #makeRoom(pageCount: number): void {
    const needed = this.#end + pageCount * this.#pageWords;
    if (needed <= this.#words.length) return;
    const words = new Int32Array(Math.max(needed, 2 * this.#words.length));
    words.set(this.#words.subarray(0, this.#end));
    this.#words = words;
  }
}

function wordOf(container: number): number {
  return Math.floor(container / CONTAINERS_PER_WORD);
}

function bitOf(container: number): number {
  return 1 << (container % CONTAINERS_PER_WORD);
}

function changed(what: string, before: unknown, now: unknown): string {
  return `${what} was ${String(before)} and is ${String(now)}`;
}
