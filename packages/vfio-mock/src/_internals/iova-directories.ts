// SPDX-License-Identifier: MIT
/**
 * Directories of 512 blocks of 2 MiB, one per GiB of IOVA where a record begins, by key = page / 2^18: a sorted list, as an
 * address space of 64 bits is sparse, with a cache of keys before it. An entry says what begins in its block: nothing, one
 * long record (nearly as cheap as one can be), or a leaf table.
 */
import { BeginBits, PLACES } from './begin-bits.ts';
import { grownCount, grownInt32 } from './grown.ts';

const DOUBLED_BELOW = 64;
/** 1 TiB in a row fits. */
export const CACHE_MASK = 1023;
const MOST_INT = 2 ** 31 - 1;
/** Keys of pages that are 32-bit integers. */
const MOST_CACHED = MOST_INT >>> 18;

/**
 * Entry of a block in which nothing begins. A long record is ~number, a leaf table 2 * (number + 1), with PLAIN added when
 * all that covers pages of the block are mappings of single pages that begin there, have kinds and share nothing.
 */
export const NOTHING = 0;
export const PLAIN = 1;

export class IovaDirectories {
  /** Ascending; no directory is empty. */
  readonly #keys: number[] = [];
  /** Numbers of the directories, by the index of their keys. */
  readonly #ids: number[] = [];
  /** Per directory: the blocks in which something begins. */
  readonly used: BeginBits = new BeginBits();
  /** Per directory and block. */
  entries: Int32Array = new Int32Array(0);
  /** Keys below 2^13 and their directories in turn; -1 where there is none. */
  readonly cache: Int32Array = new Int32Array(2 * (CACHE_MASK + 1)).fill(-1);
  readonly #free: number[] = [];

  /** The directory over a page; -1 where there is none. */
  at(page: number): number {
    if (page > MOST_INT) return this.#find(keyOf(page));
    const key = page >>> 18;
    const place = (key & CACHE_MASK) << 1;
    return this.cache[place] === key ? this.cache[place + 1]! : this.#find(key);
  }

  /** The directory over a page, made when there is none. */
  need(page: number): number {
    const id = this.at(page);
    return id === -1 ? this.#add(keyOf(page)) : id;
  }

  set(id: number, block: number, entry: number): void {
    this.entries[id * PLACES + block] = entry;
    this.used.add(id, block);
  }

  /** A block is not plain any more; it stays so until nothing begins there. */
  spoil(page: number): void {
    const id = this.at(page);
    if (id === -1) return;
    const at = id * PLACES + ((page >>> 9) & (PLACES - 1));
    if (this.entries[at]! > NOTHING) this.entries[at]! &= ~PLAIN;
  }

  /** Nothing begins in a block any more. */
  clear(id: number, block: number, page: number): void {
    this.entries[id * PLACES + block] = NOTHING;
    if (this.used.drop(id, block)) this.#drop(keyOf(page), id);
  }

  /** Directory of the last key below that of a page; -1 where there is none. */
  before(page: number): number {
    return this.#ids[this.#indexOf(keyOf(page)) - 1] ?? -1;
  }

  /** Directory of the first key above that of a page; -1 where there is none. */
  after(page: number): number {
    return this.#ids[this.#indexOf(keyOf(page) + 1)] ?? -1;
  }

  get byteCount(): number {
    const lists = (this.#keys.length + this.#ids.length + this.#free.length) * 8;
    return this.used.byteCount + this.entries.byteLength + this.cache.byteLength + lists;
  }

  #find(key: number): number {
    const index = this.#indexOf(key);
    if (this.#keys[index] !== key) return -1;
    const id = this.#ids[index]!;
    if (key <= MOST_CACHED) {
      const place = (key & CACHE_MASK) << 1;
      this.cache[place] = key;
      this.cache[place + 1] = id;
    }
    return id;
  }

  #indexOf(key: number): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#keys[middle]! >= key) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #add(key: number): number {
    const id = this.#free.pop() ?? this.#keys.length;
    const held = this.entries.length / PLACES;
    if (id === held) {
      const grown = grownCount(held, DOUBLED_BELOW);
      this.entries = grownInt32(this.entries, grown * PLACES);
      this.used.grow(grown);
    }
    const index = this.#indexOf(key);
    this.#keys.splice(index, 0, key);
    this.#ids.splice(index, 0, id);
    return id;
  }

  #drop(key: number, id: number): void {
    const index = this.#indexOf(key);
    this.#keys.splice(index, 1);
    this.#ids.splice(index, 1);
    this.#free.push(id);
    this.cache[(key & CACHE_MASK) << 1] = -1;
  }
}

function keyOf(page: number): number {
  return page <= MOST_INT ? page >>> 18 : Math.floor(page / PLACES ** 2);
}
