// SPDX-License-Identifier: MIT
/**
 * Tables of the records that begin in one 2 MiB of IOVA each. A slot per page: which pages begin a record, its kind, the
 * low 32 bits of its host page. Where a record has no kind, its number among the long ones stands in the place of the
 * host page.
 */
import { assert } from '@sda-lab/guest-memory';
import { BeginBits, PLACES } from './begin-bits.ts';
import { grownCount, grownFloat64, grownInt32, grownUint16 } from './grown.ts';

/** Slots are numbered through all tables, below 2^31. */
const MOST_TABLES = 2 ** 31 / PLACES;
const DOUBLED_BELOW = 64;

export class LeafTables {
  readonly begins: BeginBits = new BeginBits();
  /** Per slot. */
  hosts: Int32Array = new Int32Array(0);
  kinds: Uint16Array = new Uint16Array(0);
  /** Per table: its first page; of a free one, the next free one, -1 at the end. */
  bases: Float64Array = new Float64Array(0);
  #used = 0;
  #free = -1;

  /** An empty table over the 512 pages from `base` on. */
  add(base: number): number {
    let table = this.#free;
    if (table === -1) {
      table = this.#used;
      this.#used += 1;
      if (table === this.bases.length) this.#grow();
    } else {
      this.#free = this.bases[table]!;
    }
    this.bases[table] = base;
    return table;
  }

  /** It is empty. */
  drop(table: number): void {
    this.bases[table] = this.#free;
    this.#free = table;
  }

  get byteCount(): number {
    return this.begins.byteCount + this.hosts.byteLength + this.kinds.byteLength + this.bases.byteLength;
  }

  #grow(): void {
    const tables = Math.min(MOST_TABLES, grownCount(this.bases.length, DOUBLED_BELOW));
    assert(tables > this.bases.length, 'records of a map begin in fewer than 2^22 blocks of 2 MiB');
    this.begins.grow(tables);
    this.hosts = grownInt32(this.hosts, tables * PLACES);
    this.kinds = grownUint16(this.kinds, tables * PLACES);
    this.bases = grownFloat64(this.bases, tables);
  }
}
