// SPDX-License-Identifier: MIT
/**
 * What the hardware and the kernel pay for the mappings: IO page-table pages and leaves per size, IOTLB syncs, bytes of
 * bookkeeping. A leaf is the largest size that fits the rest of one map call and divides both addresses; calls are
 * never merged, so single-page maps cost single-page leaves for good. Unmapping frees the tables one call covers
 * whole; others stay, even empty.
 *
 * Source: Linux 7.2.13 drivers/iommu (generic page table), vfio_iommu_type1.c (unmap batches), iommufd/pages.c.
 * Not covered: AMD's contiguous leaves, IOMMU caches of tables, map-side flushes under a vIOMMU.
 */

/**
 * `congruent`: host memory is physically contiguous and as aligned as its address, as with huge pages reserved.
 * `scattered`: no two pages adjoin, so every leaf is 4 KiB and every page an extent.
 */
export type PhysicalLayout = 'congruent' | 'scattered';

const PAGES_2M = 512;
const PAGES_1G = 512 * 512;
const PAGES_512G = 512 * 512 * 512;

export interface CostTraits {
  readonly bytesPerMapping: number;
  readonly extentsPerSync: number;
  readonly largeLeaves: boolean;
  /** Whether there is an IOMMU to pay at all. */
  readonly pins: boolean;
}

/** Places of a cache of tables: tables that were seen last, by their low bits. */
const CACHE_MASK = 63;

export class CostCounters {
  /** Leaves now, by size. */
  leaves4K = 0;
  leaves2M = 0;
  leaves1G = 0;
  iotlbSyncs = 0;
  peakTablePages = 0;
  bookkeepingBytes = 0;
  peakBookkeepingBytes = 0;
  readonly #traits: CostTraits;
  readonly #layout: PhysicalLayout;
  readonly #tablesOf4K = new Set<number>();
  readonly #tablesOf2M = new Set<number>();
  readonly #tablesOf1G = new Set<number>();
  /** Tables of 4 KiB leaves that are there, with those above them; so that a map among many others looks no further. */
  readonly #known = new Float64Array(CACHE_MASK + 1).fill(-1);

  constructor(traits: CostTraits, layout: PhysicalLayout) {
    this.#traits = traits;
    this.#layout = layout;
  }

  /** Page-table pages now, the root included; nothing without an IOMMU. */
  get tablePages(): number {
    if (!this.#traits.pins) return 0;
    return 1 + this.#tablesOf1G.size + this.#tablesOf2M.size + this.#tablesOf4K.size;
  }

  /** `count / granule` mappings of equal size, made by a call each. */
  mapped(first: number, count: number, granule: number, host: number): void {
    this.bookkeepingBytes += (count / granule) * this.#traits.bytesPerMapping;
    if (this.bookkeepingBytes > this.peakBookkeepingBytes) this.peakBookkeepingBytes = this.bookkeepingBytes;
    if (!this.#traits.pins) return;
    if (this.#isSmall(granule, host - first)) {
      this.leaves4K += count;
      if (this.#isKnown(first, first + count)) return;
      this.#makeTables(first, first + count, 1);
      this.peakTablePages = Math.max(this.peakTablePages, this.tablePages);
      return;
    }
    this.#forEachLeafRun(first, count, granule, host, (at, pages, leaf) => {
      this.#count(leaf, pages / leaf);
      this.#makeTables(at, at + pages, leaf);
    });
    this.peakTablePages = Math.max(this.peakTablePages, this.tablePages);
  }

  unmapped(first: number, count: number, granule: number, host: number): void {
    const mappings = count / granule;
    this.bookkeepingBytes -= mappings * this.#traits.bytesPerMapping;
    if (!this.#traits.pins) return;
    const extents = this.#layout === 'scattered' ? granule : 1;
    this.iotlbSyncs += mappings * (extents === 1 ? 1 : Math.ceil(extents / this.#traits.extentsPerSync));
    if (granule < PAGES_2M) {
      this.leaves4K -= count;
      return;
    }
    this.#forEachLeafRun(first, count, granule, host, (_at, pages, leaf) => {
      this.#count(leaf, -pages / leaf);
    });
    this.#known.fill(-1);
    for (let at = first; at < first + count; at += granule) {
      freeCovered(this.#tablesOf4K, PAGES_2M, at, at + granule);
      freeCovered(this.#tablesOf2M, PAGES_1G, at, at + granule);
      freeCovered(this.#tablesOf1G, PAGES_512G, at, at + granule);
    }
  }

  /** Pages of the leaf over a page of the mapping [first, first + granule). */
  leafPages(page: number, first: number, granule: number, host: number): number {
    let pages = 1;
    this.#forEachLeafRun(first, granule, granule, host, (at, count, leaf) => {
      if (page >= at && page < at + count) pages = leaf;
    });
    return pages;
  }

  #count(leaf: number, leaves: number): void {
    if (leaf === 1) this.leaves4K += leaves;
    else if (leaf === PAGES_2M) this.leaves2M += leaves;
    else this.leaves1G += leaves;
  }

  /** Whether every leaf of such a run is of 4 KiB. */
  #isSmall(granule: number, shift: number): boolean {
    return granule < PAGES_2M || !this.#traits.largeLeaves || this.#layout === 'scattered' || shift % PAGES_2M !== 0;
  }

  /** Whether one table that is there covers all of it; the next time it will be. */
  #isKnown(first: number, end: number): boolean {
    const table = Math.floor(first / PAGES_2M);
    if (end > (table + 1) * PAGES_2M) return false;
    const place = table & CACHE_MASK;
    if (this.#known[place] === table) return true;
    this.#known[place] = table;
    return false;
  }

  #makeTables(first: number, end: number, leaf: number): void {
    if (leaf !== 1) this.#known.fill(-1);
    if (leaf === 1) addCovering(this.#tablesOf4K, PAGES_2M, first, end);
    else freeCovered(this.#tablesOf4K, PAGES_2M, first, end);
    if (leaf < PAGES_1G) addCovering(this.#tablesOf2M, PAGES_1G, first, end);
    else freeCovered(this.#tablesOf2M, PAGES_1G, first, end);
    addCovering(this.#tablesOf1G, PAGES_512G, first, end);
  }

  #forEachLeafRun(
    first: number,
    count: number,
    granule: number,
    host: number,
    emit: (at: number, pages: number, leaf: number) => void,
  ): void {
    const shift = host - first;
    if (this.#isSmall(granule, shift)) {
      emit(first, count, 1);
      return;
    }
    for (let at = first; at < first + count; at += granule) {
      forEachLeafOfOne(at, at + granule, shift, emit);
    }
  }
}

function forEachLeafOfOne(
  first: number,
  end: number,
  shift: number,
  emit: (at: number, pages: number, leaf: number) => void,
): void {
  let at = first;
  while (at < end) {
    const fits1G = shift % PAGES_1G === 0 && at % PAGES_1G === 0 && end - at >= PAGES_1G;
    const fits2M = at % PAGES_2M === 0 && end - at >= PAGES_2M;
    const leaf = fits1G ? PAGES_1G : fits2M ? PAGES_2M : 1;
    const larger = leaf === 1 ? PAGES_2M : PAGES_1G;
    // Leaves of one size run to the next place where the larger size begins to fit, or to the end.
    const boundary = leaf === PAGES_1G ? end : Math.min(end, (Math.floor(at / larger) + 1) * larger);
    const pages = Math.floor((boundary - at) / leaf) * leaf;
    emit(at, pages, leaf);
    at += pages;
  }
}

function addCovering(tables: Set<number>, span: number, first: number, end: number): void {
  for (let table = Math.floor(first / span); table * span < end; table += 1) tables.add(table);
}

function freeCovered(tables: Set<number>, span: number, first: number, end: number): void {
  for (let table = Math.ceil(first / span); (table + 1) * span <= end; table += 1) tables.delete(table);
}
