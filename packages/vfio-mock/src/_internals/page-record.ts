// SPDX-License-Identifier: MIT
/**
 * A run of mappings of equal size that adjoin in IOVA and in process memory and have equal flags; each granule is one
 * mapping. Runs split and merge freely: how mappings are stored is no one's business, how many there are and where they
 * begin is.
 */
import type { SharedPages } from './shared-pages.ts';

/** Rights, seen from the device. */
export const READ = 1;
export const WRITE = 2;
/** iommufd: made without CAP_IPC_LOCK, so charged to the user. */
export const CHARGED_TO_USER = 4;
/** type1: the address behind the mapping was declared invalid (VADDR flag); it stays mapped. */
export const VADDR_INVALID = 8;

/** iommufd: the part of shared pages that an area covers after an IOAS_COPY. */
export interface SharedPart {
  readonly pages: SharedPages;
  /** Index in `pages` of the first page of the record. */
  readonly at: number;
  /** Whether the pages themselves were pinned for writing, where a copy may have fewer rights than its pages. */
  readonly pagesWritable?: boolean;
}

export interface PageRecord {
  readonly first: number;
  /** A multiple of `granule`. */
  readonly count: number;
  readonly granule: number;
  /** Process page behind `first`. */
  readonly host: number;
  /** READ, WRITE, CHARGED_TO_USER, VADDR_INVALID. */
  readonly flags: number;
  /** Set for one mapping at a time, so that no such record is merged or split. */
  readonly shared: SharedPart | undefined;
}

/** A record that is used again and again. */
export class StoredRecord implements PageRecord {
  first = 0;
  count = 0;
  granule = 1;
  host = 0;
  flags = 0;
  shared: SharedPart | undefined = undefined;

  get end(): number {
    return this.first + this.count;
  }

  put(first: number, count: number, granule: number, host: number, flags: number, shared?: SharedPart): void {
    this.first = first;
    this.count = count;
    this.granule = granule;
    this.host = host;
    this.flags = flags;
    this.shared = shared;
  }

  /** Becomes the part [first, end) of another record, whole where it shares pages. */
  putPart(whole: PageRecord, first: number, end: number): void {
    const skipped = first - whole.first;
    const { granule, host, flags, shared } = whole;
    this.put(first, end - first, granule, host + skipped, flags, shared);
  }

  /** Whether the record goes on with these mappings at its end. */
  goesOn(first: number, granule: number, host: number, flags: number, shared: SharedPart | undefined): boolean {
    return (
      this.first + this.count === first &&
      this.host + this.count === host &&
      this.granule === granule &&
      this.flags === flags &&
      this.shared === undefined &&
      shared === undefined
    );
  }
}

/** What is shared behind the first `skipped` pages. */
export function sharedFrom(shared: SharedPart | undefined, skipped: number): SharedPart | undefined {
  return shared === undefined || skipped === 0 ? shared : { ...shared, at: shared.at + skipped };
}

/** First page of the mapping that holds `page`. */
export function mappingFirst(record: PageRecord, page: number): number {
  return page - ((page - record.first) % record.granule);
}

/** First page after the mapping that holds `page`. */
export function mappingEnd(record: PageRecord, page: number): number {
  return mappingFirst(record, page) + record.granule;
}

/** READ and WRITE of a record. */
export function rightsOf(record: PageRecord): number {
  return record.flags & (READ | WRITE);
}
