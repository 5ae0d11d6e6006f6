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
  /** The strategy, where there is one, and whatever else remembers something. */
  readonly others: readonly Words[];
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
    const { memory, containers, listeners, devices, others } = parts;
    this.count = [memory, ...containers, ...listeners, ...devices, ...others].reduce((sum, { count }) => sum + count, 0);
  }

  store(words: Int32Array, at: number): void {
    const { memory, containers, listeners, devices, others } = this.#parts;
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
    for (const part of others) {
      part.store(words, index);
      index += part.count;
      isWhole &&= part.isWhole !== false;
    }
    this.isWhole = isWhole && this.#names.isWhole;
  }

  load(words: Int32Array, at: number): void {
    const { memory, containers, listeners, devices, others } = this.#parts;
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
    for (const part of others) {
      part.load(words, index);
      index += part.count;
    }
  }
}
