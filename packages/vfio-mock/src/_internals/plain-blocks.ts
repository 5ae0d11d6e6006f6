// SPDX-License-Identifier: MIT
/**
 * The short way through an IOVA table: mappings of single pages that begin, and lie alone, in plain blocks (what that is says
 * PLAIN in iova-directories.ts). There a page is mapped exactly when a record begins at it, so nothing beside it is looked at
 * but what it may go on with. Most maps of a busy container are of that kind.
 *
 * Lifecycle: made with its table, which calls `refresh` whenever an array may be another one; anything but a plain block is
 * left to the table. It keeps the arrays by itself: the way to them over the parts of a table takes a third of an insert.
 */
import { PLACES, SET_WORDS } from './begin-bits.ts';
import { CACHE_MASK, type IovaDirectories, NOTHING, PLAIN } from './iova-directories.ts';
import type { LeafTables } from './leaf-tables.ts';
import type { StoredRecord } from './page-record.ts';
import { NO_KIND, type RecordKinds } from './record-kinds.ts';

/** What became of an insert. */
export const DONE = 1;
export const OVERLAPS = 0;
export const UNDECIDED = -1;

const MOST_INT = 2 ** 31 - 1;
const BLOCK_MASK = PLACES - 1;
/** A page and those on both sides of it. */
const BESIDE = 7;

export class PlainBlocks {
  /** Mappings that were inserted here, less those that were taken. */
  count = 0;
  readonly #directories: IovaDirectories;
  readonly #leaves: LeafTables;
  readonly #kindTable: RecordKinds;
  readonly #cache: Int32Array;
  #entries: Int32Array;
  #words: Int32Array;
  #kinds: Uint16Array;
  #hosts: Int32Array;

  constructor(directories: IovaDirectories, leaves: LeafTables, kinds: RecordKinds) {
    this.#directories = directories;
    this.#leaves = leaves;
    this.#kindTable = kinds;
    this.#cache = directories.cache;
    this.#entries = directories.entries;
    this.#words = leaves.begins.words;
    this.#kinds = leaves.kinds;
    this.#hosts = leaves.hosts;
  }

  refresh(): void {
    this.#entries = this.#directories.entries;
    this.#words = this.#leaves.begins.words;
    this.#kinds = this.#leaves.kinds;
    this.#hosts = this.#leaves.hosts;
  }

  /** The leaf table of a plain block; -1 where there is none, or the cache does not know it. */
  tableOver(page: number): number {
    const key = page >>> 18;
    const place = (key & CACHE_MASK) << 1;
    if (page > MOST_INT || this.#cache[place] !== key) return -1;
    const entry = this.#entries[this.#cache[place + 1]! * PLACES + ((page >>> 9) & BLOCK_MASK)]!;
    return entry > NOTHING && (entry & PLAIN) !== 0 ? (entry >> 1) - 1 : -1;
  }

  /** Whether a page of a leaf table is mapped. */
  holds(table: number, page: number): boolean {
    const place = page & BLOCK_MASK;
    return ((this.#words[table * SET_WORDS + (place >>> 5)]! >>> (place & 31)) & 1) !== 0;
  }

  /** The mapping of a page of a leaf table that is mapped. */
  read(table: number, page: number, record: StoredRecord): void {
    const slot = table * PLACES + (page & BLOCK_MASK);
    const kind = this.#kinds[slot]!;
    record.put(page, 1, 1, this.#kindTable.hostOf(kind, this.#hosts[slot]!), this.#kindTable.flags[kind]!);
  }

  /**
   * Answers DONE, OVERLAPS, or UNDECIDED and nothing is changed: the page may go on with a mapping beside it, or its block is
   * not plain.
   */
  insert(page: number, host: number, flags: number): number {
    const table = this.tableOver(page);
    if (table === -1) return UNDECIDED;
    const place = page & BLOCK_MASK;
    const words = this.#words;
    const at = table * SET_WORDS + (place >>> 5);
    const bit = place & 31;
    const word = words[at]!;
    if (((word >>> bit) & 1) !== 0) return OVERLAPS;
    const kind = this.#kindTable.findPage(host, flags);
    const hasBeside = bit === 0 || bit === 31 || ((word >>> (bit - 1)) & BESIDE) !== 0;
    if (kind === NO_KIND || (hasBeside && this.#adjoins(table, place, kind, host))) return UNDECIDED;
    if (word === 0) this.#leaves.begins.add(table, place);
    else words[at] = word | (1 << bit);
    const slot = table * PLACES + place;
    this.#kinds[slot] = kind;
    this.#hosts[slot] = host;
    this.count += 1;
    return DONE;
  }

  /** Takes the mapping of a page out; false, and nothing is changed, when it is no plain one or the last one of its block. */
  take(page: number, taken: StoredRecord): boolean {
    const table = this.tableOver(page);
    if (table === -1) return false;
    const place = page & BLOCK_MASK;
    const words = this.#words;
    const at = table * SET_WORDS + (place >>> 5);
    const bit = 1 << (place & 31);
    const word = words[at]!;
    if ((word & bit) === 0) return false;
    if (word !== bit) words[at] = word & ~bit;
    else if (!this.#leaves.begins.dropOther(table, place)) return false;
    this.read(table, page, taken);
    this.count -= 1;
    return true;
  }

  /** Whether a page goes on with the mapping on either side of it, in the same block. */
  #adjoins(table: number, place: number, kind: number, host: number): boolean {
    const { begins } = this.#leaves;
    const kinds = this.#kinds;
    const hosts = this.#hosts;
    const slot = table * PLACES + place;
    const low = host | 0;
    const goesOn = place > 0 && begins.has(table, place - 1);
    if (goesOn && kinds[slot - 1] === kind && hosts[slot - 1] === ((low - 1) | 0)) return true;
    if (place === BLOCK_MASK || !begins.has(table, place + 1)) return false;
    return kinds[slot + 1] === kind && hosts[slot + 1] === ((low + 1) | 0);
  }
}
