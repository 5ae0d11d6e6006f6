// SPDX-License-Identifier: MIT
/**
 * The words of a world: those of its parts, one after the other. The guest memory is the first part, because it names
 * the frames it backs; containers follow in a fixed order and name the orphans they hold; then whatever names none.
 *
 * Parts come in kinds, each stored and loaded by a line of its own: a line that calls one kind of part only is several
 * times as fast as one that calls all of them.
 */
import type { Words } from '../ports/words.ts';
import type { FrameNames } from './frame-names.ts';

export interface WorldParts {
  readonly memory: Words;
  readonly containers: readonly Words[];
  readonly listeners: readonly Words[];
  readonly devices: readonly Words[];
  /** Which plug sources have joined. */
  readonly sources?: Words | undefined;
  /** The strategy. */
  readonly design?: Words | undefined;
  /** Whatever else remembers something. */
  readonly others: readonly Words[];
  /** Who judges the world; the last words are its. */
  readonly judge?: Words | undefined;
}

export class WorldWords implements Words {
  readonly count: number;
  isWhole = true;
  readonly #names: FrameNames;
  readonly #parts: WorldParts;

  /** The memory and the containers name their frames with `names`. */
  constructor(names: FrameNames, parts: WorldParts) {
    this.#names = names;
    this.#parts = parts;
    const { memory, containers, listeners, devices, sources, design, others, judge } = parts;
    const all = [memory, ...containers, ...listeners, ...devices, sources, design, ...others, judge];
    this.count = all.reduce((sum, part) => sum + (part?.count ?? 0), 0);
  }

  store(words: Int32Array, at: number): void {
    const { memory, containers, listeners, devices, sources, design, others, judge } = this.#parts;
    this.#names.beginStore();
    memory.store(words, at);
    let index = at + memory.count;
    for (const part of containers) {
      part.store(words, index);
      index += part.count;
    }
    for (const part of listeners) {
      part.store(words, index);
      index += part.count;
    }
    for (const part of devices) {
      part.store(words, index);
      index += part.count;
    }
    let isWhole = true;
    if (sources !== undefined) {
      sources.store(words, index);
      index += sources.count;
    }
    if (design !== undefined) {
      design.store(words, index);
      index += design.count;
      isWhole = design.isWhole !== false;
    }
    for (const part of others) {
      part.store(words, index);
      index += part.count;
      isWhole &&= part.isWhole !== false;
    }
    if (judge !== undefined) judge.store(words, index);
    this.isWhole = isWhole && this.#names.isWhole;
  }

  load(words: Int32Array, at: number): void {
    const { memory, containers, listeners, devices, sources, design, others, judge } = this.#parts;
    this.#names.beginLoad();
    memory.load(words, at);
    let index = at + memory.count;
    for (const part of containers) {
      part.load(words, index);
      index += part.count;
    }
    for (const part of listeners) {
      part.load(words, index);
      index += part.count;
    }
    for (const part of devices) {
      part.load(words, index);
      index += part.count;
    }
    if (sources !== undefined) {
      sources.load(words, index);
      index += sources.count;
    }
    if (design !== undefined) {
      design.load(words, index);
      index += design.count;
    }
    for (const part of others) {
      part.load(words, index);
      index += part.count;
    }
    if (judge !== undefined) judge.load(words, index);
  }
}
