// SPDX-License-Identifier: MIT
/*
 * The naive model: an array of booleans, one per cell, every question answered by a loop over cells.
 * A cell is the stretch between two neighbouring cuts. For a small bitmap each bit is a cell; for a large one the
 * cuts are the positions the test uses at all, so the same loops serve 2^31 bits.
 */
import type { Condition, EmitBits, Occupancy, ReadonlyBitmap } from '@sda-lab/core-bitmap';

export class Model implements ReadonlyBitmap {
  readonly bitCount: number;
  readonly #cuts: readonly number[];
  readonly #cells: boolean[];
  readonly #cellAt: ReadonlyMap<number, number>;

  /** @param cuts - ascending, from 0 to the number of bits, both included. */
  constructor(cuts: readonly number[]) {
    this.bitCount = cuts.at(-1)!;
    this.#cuts = cuts;
    this.#cells = cuts.slice(1).map(() => false);
    this.#cellAt = new Map(cuts.map((cut, cell) => [cut, cell]));
  }

  assign(firstBit: number, endBit: number, value: boolean): void {
    for (const cell of this.#cellsOf(firstBit, endBit)) this.#cells[cell] = value;
  }

  test(bit: number): boolean {
    return this.#cells[this.#cellAt.get(bit) ?? this.#cuts.findLastIndex((cut) => cut < bit)]!;
  }

  classify(firstBit: number, endBit: number): Occupancy {
    if (this.allSet(firstBit, endBit)) return 'set';
    return this.allClear(firstBit, endBit) ? 'clear' : 'mixed';
  }

  allSet(firstBit: number, endBit: number): boolean {
    return this.#cellsOf(firstBit, endBit).every((cell) => this.#cells[cell]);
  }

  allClear(firstBit: number, endBit: number): boolean {
    return this.#cellsOf(firstBit, endBit).every((cell) => !this.#cells[cell]);
  }

  nextSet(fromBit: number, endBit: number): number {
    return this.#next(fromBit, endBit, true);
  }

  nextClear(fromBit: number, endBit: number): number {
    return this.#next(fromBit, endBit, false);
  }

  popcount(firstBit: number, endBit: number): number {
    let total = 0;
    for (const cell of this.#cellsOf(firstBit, endBit)) {
      if (this.#cells[cell]) total += this.#cuts[cell + 1]! - this.#cuts[cell]!;
    }
    return total;
  }

  forEachSetRun(firstBit: number, endBit: number, emit: EmitBits): number {
    return this.runsWhere([{ bits: this, is: true }], firstBit, endBit, emit);
  }

  forEachClearRun(firstBit: number, endBit: number, emit: EmitBits): number {
    return this.runsWhere([{ bits: this, is: false }], firstBit, endBit, emit);
  }

  /** Runs of cells at which all conditions hold; the cuts of this model serve for all of them. */
  runsWhere(conditions: readonly Condition[], firstBit: number, endBit: number, emit: EmitBits): number {
    let start = -1;
    for (const cell of this.#cellsOf(firstBit, endBit)) {
      const bit = this.#cuts[cell]!;
      const holds = conditions.every(({ bits, is }) => bits.test(bit) === is);
      if (holds && start < 0) start = bit;
      if (holds || start < 0) continue;
      const stop = emit(start, bit);
      if (stop !== 0) return stop;
      start = -1;
    }
    return start < 0 ? 0 : emit(start, endBit);
  }

  #next(fromBit: number, endBit: number, value: boolean): number {
    const cell = this.#cellsOf(fromBit, endBit).find((each) => this.#cells[each] === value);
    return cell === undefined ? endBit : this.#cuts[cell]!;
  }

  /** Both ends are cuts. */
  #cellsOf(firstBit: number, endBit: number): number[] {
    const first = this.#cellAt.get(firstBit)!;
    return Array.from({ length: this.#cellAt.get(endBit)! - first }, (_, at) => first + at);
  }
}
