// SPDX-License-Identifier: MIT
/**
 * The records of a container that has many of them: a radix table over the IOVA page (GiB / 9 / 9 bits) in typed arrays, in
 * the shape of an IO page table. A slot says that a record begins at its page, not what covers it, so a run costs the same
 * however long it is, and splitting or merging runs touches their ends only. What covers a page is the last record that
 * begins at or before it.
 *
 * Lifecycle: empty -> records come and go -> tables and directories in which nothing begins are used again.
 * Not covered: telling whoever watches, counting mappings (page-records.ts).
 */
import { PLACES } from './begin-bits.ts';
import { IovaDirectories, NOTHING, PLAIN } from './iova-directories.ts';
import { LeafTables } from './leaf-tables.ts';
import { LongRecords } from './long-records.ts';
import { type SharedPart, StoredRecord } from './page-record.ts';
import { PlainBlocks } from './plain-blocks.ts';
import { NO_KIND, RecordKinds } from './record-kinds.ts';

/** A record is named by its slot in a leaf table (0 and above), or ~(number of the long record + 1) where it is alone. */
const NONE = -1;
const BLOCK_MASK = PLACES - 1;
const BLOCK_SHIFT = 9;
/** Set in the flags of a record with shared pages, which are kept beside the arrays. */
const HAS_SHARED = 16;
const FLAGS = HAS_SHARED - 1;

export class IovaTable {
  /** Records, but for those that came the short way, or went it. */
  #count = 0;
  readonly #directories = new IovaDirectories();
  readonly #leaves = new LeafTables();
  readonly #long = new LongRecords();
  readonly #kinds = new RecordKinds();
  /** By first page. */
  readonly #shared = new Map<number, SharedPart>();
  readonly #record = new StoredRecord();
  /** The short way. */
  readonly plain: PlainBlocks = new PlainBlocks(this.#directories, this.#leaves, this.#kinds);

  /** The record that holds `page`, valid until the next call. */
  at(page: number): StoredRecord | undefined {
    const { plain } = this;
    const table = plain.tableOver(page);
    if (table === -1) return this.#atSlowly(page);
    if (!plain.holds(table, page)) return undefined;
    plain.read(table, page, this.#record);
    return this.#record;
  }

  /** The first record that ends after `page`, valid until the next call. */
  from(page: number): StoredRecord | undefined {
    return this.#load(this.#refFrom(page));
  }

  /** The last record that begins at or before `page`, valid until the next call. */
  upTo(page: number): StoredRecord | undefined {
    return this.#load(this.#upTo(page));
  }

  holds(page: number): boolean {
    const table = this.plain.tableOver(page);
    if (table !== -1) return this.plain.holds(table, page);
    const ref = this.#upTo(page);
    return ref !== NONE && this.#endOf(ref) > page;
  }

  /** The first mapped page in [first, end), or `end`. */
  nextMapped(first: number, end: number): number {
    const table = end - first === 1 ? this.plain.tableOver(first) : NONE;
    if (table !== NONE) return this.plain.holds(table, first) ? first : end;
    const before = this.#upTo(first);
    if (before !== NONE && this.#endOf(before) > first) return Math.min(first, end);
    const next = this.#from(first);
    return next === NONE ? end : Math.min(end, this.#firstOf(next));
  }

  /** Answers whether there was room. */
  insert(first: number, count: number, granule: number, host: number, flags: number, shared?: SharedPart): boolean {
    const end = first + count;
    const before = this.#upTo(first);
    const beforeEnd = before === NONE ? -1 : this.#endOf(before);
    if (beforeEnd > first) return false;
    if (count > 1 && this.#beginsIn(first, end)) return false;
    let whole = count;
    if (shared === undefined) {
      const next = this.#refAt(end);
      if (next !== NONE && this.#isAlike(next, granule, host + count, flags)) {
        whole += this.#endOf(next) - end;
        this.#drop(next, end);
      }
      if (beforeEnd === first) {
        const head = first - this.#firstOf(before);
        if (this.#isAlike(before, granule, host - head, flags)) {
          this.#resize(before, head + whole);
          return true;
        }
      }
    }
    this.#put(first, whole, granule, host, flags, shared);
    return true;
  }

  /** Takes the lowest piece out of [first, end) into `taken`; answers whether there was one. */
  take(first: number, end: number, taken: StoredRecord): boolean {
    const ref = this.#refFrom(first);
    if (ref === NONE) return false;
    const record = this.#record;
    this.#read(ref, record);
    if (record.first >= end) return false;
    const from = Math.max(first, record.first);
    const recordEnd = record.end;
    const to = Math.min(end, recordEnd);
    taken.putPart(record, from, to);
    if (from === record.first) this.#drop(ref, from);
    else this.#resize(ref, from - record.first);
    if (to < recordEnd) {
      const skipped = to - record.first;
      const { granule, host, flags } = record;
      this.#put(to, recordEnd - to, granule, host + skipped, flags);
    }
    return true;
  }

  clear(): void {
    while (this.take(0, Infinity, this.#record)) continue;
    this.plain.count = 0;
    this.#count = 0;
  }

  get isEmpty(): boolean {
    return this.#count + this.plain.count === 0;
  }

  /** Bytes of the arrays held now. */
  get byteCount(): number {
    return this.#directories.byteCount + this.#leaves.byteCount + this.#long.byteCount + this.#kinds.byteCount;
  }

  #atSlowly(page: number): StoredRecord | undefined {
    const ref = this.#upTo(page);
    return ref === NONE || this.#endOf(ref) <= page ? undefined : this.#load(ref);
  }

  #load(ref: number): StoredRecord | undefined {
    if (ref === NONE) return undefined;
    this.#read(ref, this.#record);
    return this.#record;
  }

  #read(ref: number, record: StoredRecord): void {
    const { hosts, kinds } = this.#leaves;
    const kind = ref < 0 ? NO_KIND : kinds[ref]!;
    if (kind === NO_KIND) {
      const id = this.#longOf(ref);
      const { first, count, granule, host, flags } = this.#long;
      record.put(first[id]!, count[id]!, granule[id]!, host[id]!, flags[id]!);
    } else {
      const { granules, flags } = this.#kinds;
      const granule = granules[kind]!;
      record.put(this.#firstOf(ref), granule, granule, this.#kinds.hostOf(kind, hosts[ref]!), flags[kind]!);
    }
    if ((record.flags & HAS_SHARED) === 0) return;
    record.flags &= FLAGS;
    record.shared = this.#shared.get(record.first);
  }

  /** The number of the long record of a reference that has one. */
  #longOf(ref: number): number {
    return ref < 0 ? ~ref - 1 : this.#leaves.hosts[ref]!;
  }

  #firstOf(ref: number): number {
    return ref < 0 ? this.#long.first[~ref - 1]! : this.#leaves.bases[ref >>> BLOCK_SHIFT]! + (ref & BLOCK_MASK);
  }

  #endOf(ref: number): number {
    const kind = ref < 0 ? NO_KIND : this.#leaves.kinds[ref]!;
    if (kind !== NO_KIND) return this.#firstOf(ref) + this.#kinds.granules[kind]!;
    const id = this.#longOf(ref);
    return this.#long.first[id]! + this.#long.count[id]!;
  }

  /** Whether the record has this granule, host page and flags, and shares no pages. */
  #isAlike(ref: number, granule: number, host: number, flags: number): boolean {
    const kind = ref < 0 ? NO_KIND : this.#leaves.kinds[ref]!;
    if (kind !== NO_KIND) {
      const { granules, flags: kindFlags } = this.#kinds;
      if (granules[kind] !== granule || kindFlags[kind] !== flags) return false;
      return this.#kinds.hostOf(kind, this.#leaves.hosts[ref]!) === host;
    }
    const id = this.#longOf(ref);
    const long = this.#long;
    return long.granule[id] === granule && long.flags[id] === flags && long.host[id] === host;
  }

  /** The first record that ends after `page`. */
  #refFrom(page: number): number {
    const before = this.#upTo(page);
    return before !== NONE && this.#endOf(before) > page ? before : this.#from(page);
  }

  /** The record that begins at `page`. */
  #refAt(page: number): number {
    const id = this.#directories.at(page);
    if (id === -1) return NONE;
    const entry = this.#directories.entries[id * PLACES + blockOf(page)]!;
    if (entry > NOTHING) {
      const place = page & BLOCK_MASK;
      return this.#leaves.begins.has(tableOf(entry), place) ? slotOf(entry, place) : NONE;
    }
    return entry < NOTHING && this.#long.first[~entry] === page ? entry - 1 : NONE;
  }

  /** The last record that begins at or before `page`. */
  #upTo(page: number): number {
    const directories = this.#directories;
    const id = directories.at(page);
    if (id === -1) return this.#lastIn(directories.before(page), PLACES - 1);
    const block = blockOf(page);
    const entry = directories.entries[id * PLACES + block]!;
    if (entry > NOTHING) {
      const place = this.#leaves.begins.upTo(tableOf(entry), page & BLOCK_MASK);
      if (place !== -1) return slotOf(entry, place);
    } else if (entry < NOTHING && this.#long.first[~entry]! <= page) {
      return entry - 1;
    }
    const ref = this.#lastIn(id, block - 1);
    return ref === NONE ? this.#lastIn(directories.before(page), PLACES - 1) : ref;
  }

  /** The last record that begins in a block of a directory up to `block`. */
  #lastIn(id: number, block: number): number {
    if (id === -1) return NONE;
    const found = this.#directories.used.upTo(id, block);
    if (found === -1) return NONE;
    const entry = this.#directories.entries[id * PLACES + found]!;
    return entry < NOTHING ? entry - 1 : slotOf(entry, this.#leaves.begins.upTo(tableOf(entry), PLACES - 1));
  }

  /** The first record that begins at or after `page`. */
  #from(page: number): number {
    const directories = this.#directories;
    const id = directories.at(page);
    if (id === -1) return this.#firstIn(directories.after(page), 0);
    const block = blockOf(page);
    const entry = directories.entries[id * PLACES + block]!;
    if (entry > NOTHING) {
      const place = this.#leaves.begins.from(tableOf(entry), page & BLOCK_MASK);
      if (place !== -1) return slotOf(entry, place);
    } else if (entry < NOTHING && this.#long.first[~entry]! >= page) {
      return entry - 1;
    }
    const ref = this.#firstIn(id, block + 1);
    return ref === NONE ? this.#firstIn(directories.after(page), 0) : ref;
  }

  /** The first record that begins in a block of a directory from `block` on. */
  #firstIn(id: number, block: number): number {
    if (id === -1) return NONE;
    const found = this.#directories.used.from(id, block);
    if (found === -1) return NONE;
    const entry = this.#directories.entries[id * PLACES + found]!;
    return entry < NOTHING ? entry - 1 : slotOf(entry, this.#leaves.begins.from(tableOf(entry), 0));
  }

  #beginsIn(first: number, end: number): boolean {
    const ref = this.#from(first);
    return ref !== NONE && this.#firstOf(ref) < end;
  }

  #put(first: number, count: number, granule: number, host: number, flags: number, shared?: SharedPart): void {
    const directories = this.#directories;
    const id = directories.need(first);
    const block = blockOf(first);
    const entry = directories.entries[id * PLACES + block]!;
    let bits = flags;
    if (shared !== undefined) {
      this.#shared.set(first, shared);
      bits |= HAS_SHARED;
    }
    this.#count += 1;
    this.#spoilEnd(first, count);
    if (entry === NOTHING) {
      directories.set(id, block, ~this.#long.add(first, count, granule, host, bits));
      this.plain.refresh();
      return;
    }
    const table = entry > NOTHING ? tableOf(entry) : this.#spread(id, block, ~entry);
    const place = first & BLOCK_MASK;
    this.#leaves.begins.add(table, place);
    if (!this.#write(table * PLACES + place, first, count, granule, host, bits)) directories.spoil(first);
  }

  /** A leaf table for the block of a record that was alone there. */
  #spread(id: number, block: number, alone: number): number {
    const { first, count, granule, host, flags } = this.#long;
    const page = first[alone]!;
    const place = page & BLOCK_MASK;
    const before = this.#upTo(page - 1);
    const isReached = before !== NONE && this.#endOf(before) > page - place;
    const table = this.#leaves.add(page - place);
    this.plain.refresh();
    this.#leaves.begins.add(table, place);
    this.#long.drop(alone);
    const isPlainOne = this.#write(table * PLACES + place, page, count[alone]!, granule[alone]!, host[alone]!, flags[alone]!);
    this.#directories.set(id, block, 2 * (table + 1) + (isPlainOne && !isReached ? PLAIN : 0));
    return table;
  }

  /** Answers whether it may be in a plain block. */
  #write(slot: number, first: number, count: number, granule: number, host: number, flags: number): boolean {
    const kind = count === granule ? this.#kinds.find(granule, host, flags) : NO_KIND;
    this.#leaves.kinds[slot] = kind;
    this.#leaves.hosts[slot] = kind === NO_KIND ? this.#long.add(first, count, granule, host, flags) : host;
    return kind !== NO_KIND && count === 1 && flags < HAS_SHARED;
  }

  /** A record covers pages of the block where it ends, if it begins in another one. */
  #spoilEnd(first: number, count: number): void {
    if (count > PLACES - (first & BLOCK_MASK)) this.#directories.spoil(first + count - 1);
  }

  #resize(ref: number, count: number): void {
    const page = this.#firstOf(ref);
    this.#spoilEnd(page, count);
    const kind = ref < 0 ? NO_KIND : this.#leaves.kinds[ref]!;
    if (kind === NO_KIND) {
      const id = this.#longOf(ref);
      const { granule, host, flags } = this.#long;
      this.#long.count[id] = count;
      if (ref < 0 || count !== granule[id]) return;
      this.#long.drop(id);
      this.#write(ref, page, count, count, host[id]!, flags[id]!);
    } else {
      const { granules, flags } = this.#kinds;
      const host = this.#kinds.hostOf(kind, this.#leaves.hosts[ref]!);
      if (!this.#write(ref, page, count, granules[kind]!, host, flags[kind]!)) this.#directories.spoil(page);
    }
  }

  /** The record that begins at `first` is gone. */
  #drop(ref: number, first: number): void {
    this.#count -= 1;
    if (this.#shared.size > 0) this.#shared.delete(first);
    if (ref < 0) {
      this.#long.drop(~ref - 1);
    } else {
      if (this.#leaves.kinds[ref] === NO_KIND) this.#long.drop(this.#leaves.hosts[ref]!);
      const table = ref >>> BLOCK_SHIFT;
      if (!this.#leaves.begins.drop(table, ref & BLOCK_MASK)) return;
      this.#leaves.drop(table);
    }
    this.#directories.clear(this.#directories.at(first), blockOf(first), first);
  }
}

function blockOf(page: number): number {
  return (page >>> BLOCK_SHIFT) & BLOCK_MASK;
}

/** Of an entry that is a leaf table. */
function tableOf(entry: number): number {
  return (entry >> 1) - 1;
}

function slotOf(entry: number, place: number): number {
  return tableOf(entry) * PLACES + place;
}
