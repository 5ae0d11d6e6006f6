// SPDX-License-Identifier: MIT
/**
 * What an operation's pages were like before it, for `atomic`: a refused operation must leave all of it as it was.
 * Frames are compared by identity and generation, since the guest's data is in them. Pieces of pages that are all alike
 * (pieces.ts) are captured by their first page; a frame's identity then grows with the page.
 *
 * Lifecycle: `capture` -> `forget`, `difference` after a refusal; and again, since what was captured is kept in one array
 * that later captures use again. Most operations succeed and never ask.
 */
import { blockPageOf, endOfRun, type Span } from '../world/layout.ts';
import type { JudgeState } from './judge-state.ts';
import { endOfEqualIn, isIn, NO_RUNS, type PositionRun } from './position-run.ts';

/** Containers in one word of the captured state. */
const CONTAINERS_PER_WORD = 31;

/** What a piece's state begins with, before its words of containers. */
const POSITION = 0;
const END = 1;
const SIDE = 2;
const PLUGGED = 3;
const SHARED = 4;
const PRIVATE = 5;
/** From a word of a frame to the one of its generation. */
const TO_GENERATION = 2;
const MAPPED = 8;

/** By value of SIDE. The side of a page that no section shows says nothing: KVM makes it private when its memslot comes. */
const SIDES = ['shared', 'private', 'not shown'] as const;
const IS_NOT_SHOWN = 2;

const FIRST_CAPACITY = 64;

export class Before {
  readonly #state: JudgeState;
  /** Words of a piece. */
  readonly #pieceWords: number;
  #words = new Int32Array(FIRST_CAPACITY);
  #end = 0;
  #forgotten: readonly PositionRun[] = NO_RUNS;
  /** One page, as it is now. */
  readonly #now: Int32Array;

  constructor(state: JudgeState) {
    this.#state = state;
    this.#pieceWords = MAPPED + Math.ceil(state.tables.length / CONTAINERS_PER_WORD);
    this.#now = new Int32Array(this.#pieceWords);
  }

  /** Words that what was captured takes. */
  get capacity(): number {
    return this.#words.length;
  }

  capture(runs: readonly PositionRun[]): this {
    this.#end = 0;
    this.#forgotten = NO_RUNS;
    if (!this.#state.isLooking) return this;
    for (const run of runs) {
      for (let position = run.first; position < run.end; ) {
        const span = this.#state.layout.spanAt(position);
        const end = endOfRun(span, run.end);
        const isShown = this.#isShown(span);
        while (position < end) {
          const pieceEnd = this.#state.endOfPiece(span, position, end);
          this.#capturePiece(span, isShown, position, pieceEnd);
          position = pieceEnd;
        }
      }
    }
    return this;
  }

  /** Pages that may differ after all. */
  forget(runs: readonly PositionRun[]): void {
    if (runs.length > 0) this.#forgotten = [...this.#forgotten, ...runs];
  }

  /** The first position that differs now, and how; undefined when all are as before. */
  difference(): { position: number; detail: string } | undefined {
    for (let at = 0; at < this.#end; at += this.#pieceWords) {
      const found = this.#differenceOf(at);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Of one captured piece, which may be several by now. */
  #differenceOf(at: number): { position: number; detail: string } | undefined {
    const first = this.#words[at + POSITION]!;
    const end = this.#words[at + END]!;
    const span = this.#state.layout.spanAt(first);
    const isShown = this.#isShown(span);
    for (let position = first; position < end; ) {
      const isForgotten = isIn(this.#forgotten, position);
      if (!isForgotten) this.#look(this.#now, 0, span, isShown, position);
      const detail = isForgotten ? undefined : this.#firstDifference(at, position - first);
      if (detail !== undefined) return { position, detail };
      position = isForgotten ? endOfEqualIn(this.#forgotten, position, end) : this.#state.endOfPiece(span, position, end, this.#forgotten);
    }
    return undefined;
  }

  #capturePiece(span: Span, isShown: boolean, position: number, end: number): void {
    // What an earlier refusal left half done may be finished or taken back by this one.
    if (this.#state.pending.get(position) !== 0) return;
    this.#makeRoom();
    this.#look(this.#words, this.#end, span, isShown, position);
    this.#words[this.#end + END] = end;
    this.#end += this.#pieceWords;
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
    words[at + PLUGGED] = plugged.get(position);
    const shared = memory.backing(block, page, 'shared');
    const own = memory.backing(block, page, 'private');
    words[at + SHARED] = shared;
    words[at + SHARED + TO_GENERATION] = shared === 0 ? 0 : memory.frames.generation(shared);
    words[at + PRIVATE] = own;
    words[at + PRIVATE + TO_GENERATION] = own === 0 ? 0 : memory.frames.generation(own);
    for (let index = at + MAPPED; index < at + this.#pieceWords; index += 1) words[index] = 0;
    for (let which = 0; which < tables.length; which += 1) {
      if (tables[which]!.mapped.get(position) === 1) words[at + MAPPED + wordOf(which)]! |= bitOf(which);
    }
  }

  /** What of the page so many pages into the piece differs now, in words. */
  #firstDifference(at: number, offset: number): string | undefined {
    const words = this.#words;
    const now = this.#now;
    if (words[at + SIDE] !== now[SIDE]) return changed('its side', SIDES[words[at + SIDE]!], SIDES[now[SIDE]!]);
    if (words[at + PLUGGED] !== now[PLUGGED]) return changed('plugged', words[at + PLUGGED] === 1, now[PLUGGED] === 1);
    // In place, pinning fills a hole of the one guest_memfd, and the zero page stays when the side goes back.
    const mayFill = this.#state.memory.regime === 'in-place';
    for (const which of [SHARED, PRIVATE]) {
      const first = words[at + which]!;
      const before = first === 0 ? 0 : first + offset;
      const isSame = before === now[which] && words[at + which + TO_GENERATION] === now[which + TO_GENERATION];
      if (isSame || (mayFill && before === 0)) continue;
      const is = before === now[which] ? 'freed and filled again' : now[which];
      return changed(which === SHARED ? 'the shared frame' : 'the private frame', before, is);
    }
    for (let word = MAPPED; word < this.#pieceWords; word += 1) {
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

  #makeRoom(): void {
    const needed = this.#end + this.#pieceWords;
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
