// SPDX-License-Identifier: MIT
/** Records with all their fields, as parallel arrays: runs, and whatever has no kind. By number; freed ones come again. */
import { grownCount, grownFloat64, grownInt32 } from './grown.ts';

const DOUBLED_BELOW = 4096;
const EMPTY = new Float64Array(0);

export class LongRecords {
  first: Float64Array = EMPTY;
  count: Float64Array = EMPTY;
  granule: Float64Array = EMPTY;
  host: Float64Array = EMPTY;
  flags: Int32Array = new Int32Array(0);
  #used = 0;
  /** The next free one is in `first` of a free one; -1 at the end. */
  #free = -1;

  add(first: number, count: number, granule: number, host: number, flags: number): number {
    let id = this.#free;
    if (id === -1) {
      id = this.#used;
      this.#used += 1;
      if (id === this.first.length) this.#grow();
    } else {
      this.#free = this.first[id]!;
    }
    this.first[id] = first;
    this.count[id] = count;
    this.granule[id] = granule;
    this.host[id] = host;
    this.flags[id] = flags;
    return id;
  }

  drop(id: number): void {
    this.first[id] = this.#free;
    this.#free = id;
  }

  get byteCount(): number {
    return 4 * this.first.byteLength + this.flags.byteLength;
  }

  #grow(): void {
    const length = grownCount(this.first.length, DOUBLED_BELOW);
    this.first = grownFloat64(this.first, length);
    this.count = grownFloat64(this.count, length);
    this.granule = grownFloat64(this.granule, length);
    this.host = grownFloat64(this.host, length);
    this.flags = grownInt32(this.flags, length);
  }
}
