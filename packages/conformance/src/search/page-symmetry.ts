// SPDX-License-Identifier: MIT
/**
 * Pages are alike: states that become equal when pages change places are one. A page is its column, one bit of each
 * plane; the state that stands for its orbit has its columns in ascending order.
 *
 *   plane 0   0 1 1 0        columns 2 1 3 0   ->   0 1 2 3
 *   plane 1   1 0 1 0
 *
 * Sound when every word of the state that depends on pages is such a plane, every operation names single pages (or all
 * of them alike), and the design does with one page what it does with any other, wherever its neighbours are. Operations
 * on ranges keep the order of pages and break it. `provePageSymmetry` tries it on the per-page model.
 */
import { assert } from '@sda-lab/guest-memory';
import type { Symmetry } from './symmetry.ts';

export class PageSymmetry implements Symmetry {
  readonly name = 'pages';
  /** Which words of a state hold one bit per page. */
  readonly planes: readonly number[];
  readonly #pageCount: number;
  readonly #columns: Int32Array;

  constructor(planes: readonly number[], pageCount: number) {
    assert(planes.length <= 31 && pageCount <= 31, 'a column and a plane fit into a word each');
    this.planes = planes;
    this.#pageCount = pageCount;
    this.#columns = new Int32Array(pageCount);
  }

  canonicalize(words: Int32Array, at: number): void {
    this.#readColumns(words, at);
    const columns = this.#columns;
    for (let page = 1; page < columns.length; page += 1) {
      const column = columns[page]!;
      let to = page;
      for (; to > 0 && columns[to - 1]! > column; to -= 1) columns[to] = columns[to - 1]!;
      columns[to] = column;
    }
    for (let plane = 0; plane < this.planes.length; plane += 1) {
      let bits = 0;
      for (let page = 0; page < columns.length; page += 1) bits |= ((columns[page]! >>> plane) & 1) << page;
      words[at + this.planes[plane]!] = bits;
    }
  }

  /** Ways to place the columns: a product of binomials, column by column, each step exact. */
  orbitSize(words: Int32Array, at: number): number {
    this.#readColumns(words, at);
    let ways = 1;
    let same = 0;
    for (let page = 0; page < this.#pageCount; page += 1) {
      same = page > 0 && this.#columns[page] === this.#columns[page - 1] ? same + 1 : 1;
      ways = (ways * (page + 1)) / same;
    }
    assert(Number.isSafeInteger(ways), 'the size of an orbit is an exact number');
    return ways;
  }

  #readColumns(words: Int32Array, at: number): void {
    this.#columns.fill(0);
    for (let plane = 0; plane < this.planes.length; plane += 1) {
      const bits = words[at + this.planes[plane]!]!;
      assert(bits >>> this.#pageCount === 0, 'a plane has no bit beyond the pages');
      for (let page = 0; page < this.#pageCount; page += 1) this.#columns[page]! |= ((bits >>> page) & 1) << plane;
    }
  }
}
