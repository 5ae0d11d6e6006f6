// SPDX-License-Identifier: MIT
/**
 * What devices share: one IOMMU container of some backend, seen from its hot door, in page numbers (address / 4096).
 * The ioctl door with 64-bit addresses stands beside it in `ioctl`. Calls answer 0 or a negated errno and never throw.
 */
import type { PageStorage, Status } from '@sda-lab/guest-memory';
import type { BackendId, KernelVersion } from './backend-id.ts';
import type { BackendTraits } from './backend-traits.ts';
import type { CostCounters, PhysicalLayout } from './cost-counters.ts';
import type { FaultPlan } from './fault-plan.ts';
import type { Geometry } from './geometry.ts';
import type { IoctlDoor } from './ioctl/ioctl-door.ts';
import type { KernelMemory } from './kernel-memory.ts';
import type { MemlockLimits, ProcessAccount } from './process-account.ts';

/** Told after each successful change, ranged; it looks and must not act. A failed map that was unwound is not told. */
export interface ContainerObserver {
  /** `pageCount / granulePages` mappings were made, the last one possibly shorter. */
  onMapped(iovaPage: number, pageCount: number, granulePages: number, writable: boolean): void;
  onUnmapped(iovaPage: number, pageCount: number): void;
}

/** The outcome of a device access, apart from the data. */
export interface DmaRead {
  readonly status: Status;
  readonly value: number;
}

/** Where one byte of IOVA leads. */
export interface Reached {
  readonly frame: number;
  readonly offset: number;
  /** 1 read, 2 write, seen from the device. */
  readonly rights: number;
}

export interface IommuContainer {
  readonly name: string;
  readonly backend: BackendId;
  readonly traits: BackendTraits;
  readonly kernel: KernelVersion;
  readonly geometry: Geometry;
  readonly ioctl: IoctlDoor;
  readonly faults: FaultPlan;
  readonly costs: CostCounters;
  readonly account: ProcessAccount;
  observer: ContainerObserver | undefined;

  /** Granules of the last `mapPages` that were mapped before it was refused; all of them after success. */
  readonly done: number;
  /** Pages the last unmap took away, also when it was refused on the way (iommufd). */
  readonly unmappedPages: number;

  /**
   * As many map calls as there are granules, ascending; the last granule may be shorter. Stops at the first refused
   * one; earlier ones stay.
   */
  mapPages(
    iovaPage: number,
    hostPage: number,
    pageCount: number,
    granulePages: number,
    writable: boolean,
  ): Status;
  /** One unmap call; the raw answer of the kernel. */
  unmapPages(iovaPage: number, pageCount: number): Status;
  /** Everything goes; answers the pages removed. */
  unmapAll(): number;

  /** Frame a device reaches at this page, or 0. Where nothing is pinned, what process memory has there now. */
  translate(iovaPage: number): number;
  /** The same for one byte, with the rights; undefined where nothing is mapped. */
  reach(iova: bigint): Reached | undefined;
  isMapped(iovaPage: number): boolean;
  isWritable(iovaPage: number): boolean;

  /**
   * Of `pageCount` pages, from index `at` on: 1 where something is mapped, else 0; and where mappings hold frames, the
   * one each page leads to. The same as a call per page.
   */
  readPages(iovaPage: number, pageCount: number, mapped: Uint8Array, frames: Int32Array, at: number): void;
  /**
   * Where a run that begins at the page ends, at `endPage` at the latest; it may be earlier. Its pages are all mapped with
   * the same rights, and lead to frames of consecutive identity or to none; or nothing of it is mapped.
   */
  endOfRun(iovaPage: number, endPage: number): number;
  /** `readPages` of pages anywhere, ascending; what is read of the i-th one goes to index `places[i]`. */
  readEach(iovaPages: readonly number[], mapped: Uint8Array, frames: Int32Array, places: readonly number[]): void;

  /** Mappings now: struct vfio_dma, areas, or regions of a server. */
  readonly mappingCount: number;
  readonly peakMappingCount: number;
  /** Further mappings the container would take; Infinity without a limit. */
  readonly entriesAvailable: number;
  /** Calls so far, refused ones included; a ranged map is as many calls as it has granules tried. */
  readonly mapCalls: number;
  readonly unmapCalls: number;
  readonly refusedMapCalls: number;
  readonly refusedUnmapCalls: number;

  /** A device reads or writes the word at an address; -EFAULT without a mapping or the right. */
  dmaRead(iova: bigint): DmaRead;
  dmaWrite(iova: bigint, value: number): Status;

  /** Mappings in ascending order, one call each. */
  forEachMapping(emit: (iovaPage: number, pageCount: number) => void): void;
  /** The file descriptor is closed: everything unmapped and unpinned. */
  close(): void;
}

export interface ContainerOptions {
  readonly memory: KernelMemory;
  readonly name?: string;
  /** @defaultValue '7.2' */
  readonly kernel?: KernelVersion;
  /** Module parameter dma_entry_limit, read when the container is opened. @defaultValue 65535 (type1, vfio-user) */
  readonly dmaEntryLimit?: number;
  /** Of a process of its own. @defaultValue no limit */
  readonly memlock?: MemlockLimits;
  /** Shared by the containers of one process; outranks `memlock`. */
  readonly account?: ProcessAccount;
  readonly geometry?: Geometry;
  /** How the cost counters take host memory to lie. @defaultValue 'congruent' */
  readonly physicalLayout?: PhysicalLayout;
  /**
   * How the frames behind mappings are stored; the answers are the same. Run-length pays where memory has `pinPages`.
   * @defaultValue 'exact'
   */
  readonly storage?: PageStorage;
  /** Replaces parts of the backend's row: for planting wrong behaviour in tests. */
  readonly traits?: Partial<BackendTraits>;
}
