// SPDX-License-Identifier: MIT
/**
 * A container whose mappings are whole 4 KiB pages: type1, iommufd with a device, the compat ioctls, vfio-user. The
 * row of traits says how it answers.
 *
 * Lifecycle: opened with its limits -> map and unmap calls through either door -> closed, which releases all pins.
 * A ranged map is the loop of its granule maps, in one pass: each check yields the first granule it refuses, the
 * lowest one wins and, on the same granule, the earlier check; only what is below is pinned.
 *
 * Source: Linux 7.2.13 drivers/vfio/vfio_iommu_type1.c, drivers/iommu/iommufd/io_pagetable.c; recordings fuzz-all,
 * edge-*, stale-*. Not covered: mediated devices, device memory (BARs), concurrent calls.
 */
import { assert, ERRNO, leafPagesOf, type Status } from '@sda-lab/guest-memory';
import { DirtyLog } from './_internals/dirty-log.ts';
import { dmaReadWord, dmaWriteWord } from './_internals/dma.ts';
import { FrameMap } from './_internals/frame-map.ts';
import { RunFrameMap } from './_internals/run-frame-map.ts';
import { type PageRun, PageChecks } from './_internals/page-checks.ts';
import { CHARGED_TO_USER, type PageRecord, READ, type SharedPart, WRITE } from './_internals/page-record.ts';
import { PageRecords, type RemovedSink } from './_internals/page-records.ts';
import { PageView } from './_internals/page-view.ts';
import { type PinPage, Pinner } from './_internals/pinner.ts';
import { RangeList } from './_internals/range-list.ts';
import type { BackendId, KernelVersion } from './backend-id.ts';
import { BACKEND_TRAITS, type BackendTraits } from './backend-traits.ts';
import { CostCounters } from './cost-counters.ts';
import { FaultPlan } from './fault-plan.ts';
import { type Geometry, PAGE } from './geometry.ts';
import type {
  ContainerObserver,
  ContainerOptions,
  DmaRead,
  IommuContainer,
  Reached,
} from './iommu-container.ts';
import type { IoctlDoor } from './ioctl/ioctl-door.ts';
import { createPageDoor } from './ioctl/page-door.ts';
import type { KernelMemory } from './kernel-memory.ts';
import { DEFAULT_KERNEL } from './kernel-knobs.ts';
import { ProcessAccount } from './process-account.ts';
import { takesWhatFits, type UnmapDecision, type UnmapRequest } from './unmap-rules.ts';

/** What a map call made one mapping of, where it is not plain process memory. */
export interface MapSource {
  readonly pinPage?: PinPage;
  readonly driverStatus?: Status;
}

/** Plain process memory. */
const PROCESS: MapSource = {};

export class PageContainer implements IommuContainer {
  readonly name: string;
  readonly backend: BackendId;
  readonly traits: BackendTraits;
  readonly kernel: KernelVersion;
  readonly geometry: Geometry;
  readonly faults: FaultPlan = new FaultPlan();
  readonly costs: CostCounters;
  readonly account: ProcessAccount;
  readonly memory: KernelMemory;
  readonly records: PageRecords = new PageRecords();
  readonly frames: FrameMap;
  readonly pinner: Pinner;
  readonly checks: PageChecks;
  readonly dirty: DirtyLog = new DirtyLog();
  readonly ioctl: IoctlDoor;
  observer: ContainerObserver | undefined = undefined;
  done = 0;
  unmappedPages = 0;
  peakMappingCount = 0;
  mapCalls = 0;
  unmapCalls = 0;
  refusedMapCalls = 0;
  refusedUnmapCalls = 0;
  readonly #entryLimit: number;
  readonly #view: PageView;
  readonly #takesWhatFits: boolean;
  /** Pins are taken and dropped by runs. */
  readonly #pinsRuns: boolean;
  /** What the call at hand maps; one object for all calls, which do not nest. */
  readonly #run = { iovaPage: 0, hostPage: 0, pageCount: 0, granulePages: 0 };
  /** What the observer is told once all of it is gone. */
  readonly #removed = new RangeList();
  readonly #removedSink: RemovedSink = {
    removed: (record) => {
      this.#release(record);
      if (this.observer !== undefined) this.#removed.add(record.first, record.count);
    },
  };
  /** The process page behind the granule that is being pinned, and whether the device may write to it. */
  #pinHost = 0;
  #pinWrites = false;
  /** Why pinning stopped early; 0 when a limit did. */
  #pinStatus: Status = 0;
  readonly #pinOne: PinPage = (index) => this.memory.pinPage(this.#pinHost + index, this.#pinWrites);

  constructor(backend: BackendId, options: ContainerOptions) {
    this.backend = backend;
    this.name = options.name ?? backend;
    this.traits = { ...BACKEND_TRAITS[backend], ...options.traits };
    this.kernel = options.kernel ?? DEFAULT_KERNEL;
    this.geometry = options.geometry ?? this.traits.geometry;
    this.memory = options.memory;
    this.account = options.account ?? new ProcessAccount(options.memlock);
    this.costs = new CostCounters(this.traits, options.physicalLayout ?? 'congruent');
    const { storage = 'exact' } = options;
    this.frames = storage === 'exact' ? new FrameMap() : new RunFrameMap(leafPagesOf(storage));
    this.pinner = new Pinner(this.memory, this.account, this.traits.accounting);
    this.#pinsRuns = storage !== 'exact' && this.pinner.pinsRuns;
    const isLimited = this.traits.entryLimit !== Infinity;
    this.#entryLimit = isLimited
      ? (options.dmaEntryLimit ?? this.traits.entryLimit)
      : this.traits.entryLimit;
    this.checks = new PageChecks(this.traits, this.geometry, this.records);
    this.#view = new PageView(this.records);
    this.#takesWhatFits = takesWhatFits(this.traits.unmapRule);
    this.ioctl = createPageDoor(this);
  }

  get mappingCount(): number {
    return this.records.mappingCount;
  }

  get entriesAvailable(): number {
    return this.#entryLimit - this.records.mappingCount;
  }

  mapPages(
    iovaPage: number,
    hostPage: number,
    pageCount: number,
    granulePages: number,
    writable: boolean,
  ): Status {
    assert(Number.isSafeInteger(iovaPage) && Number.isSafeInteger(hostPage), 'pages are safe integers');
    if (pageCount <= 0 || granulePages <= 0) return this.refuseMap(-ERRNO.EINVAL);
    const run = this.#runOf(iovaPage, hostPage, pageCount, granulePages);
    const allowed = this.checks.firstRefusal(run, this.entriesAvailable);
    return this.#perform(run, writable ? READ | WRITE : READ, allowed, PROCESS);
  }

  /** One map call of the ioctl door that passed its argument checks. */
  mapMapping(
    iovaPage: number,
    hostPage: number,
    pageCount: number,
    rights: number,
    source: MapSource,
  ): Status {
    return this.#perform(this.#runOf(iovaPage, hostPage, pageCount, pageCount), rights, Infinity, source);
  }

  /** Counts a map call that the checks of its arguments refused. */
  refuseMap(status: Status): Status {
    this.done = 0;
    this.#countMaps(1, true);
    return status;
  }

  unmapPages(iovaPage: number, pageCount: number): Status {
    this.unmappedPages = 0;
    if (pageCount <= 0) return this.refuseUnmap(-ERRNO.EINVAL);
    const end = iovaPage + pageCount;
    if (end > this.checks.endPage) return this.refuseUnmap(-ERRNO.EOVERFLOW);
    if (!this.checks.isAligned(iovaPage, pageCount)) return this.refuseUnmap(-ERRNO.EINVAL);
    const { records } = this;
    const isWhole = records.areSingle || (!records.isCutAt(iovaPage) && !records.isCutAt(end));
    if (isWhole && this.#takesWhatFits) return this.#unmapWhole(iovaPage, end);
    return this.unmapRequest({
      touchFirst: iovaPage,
      touchEnd: end,
      insideFirst: iovaPage,
      insideEnd: end,
    });
  }

  /** One unmap call that passed its argument checks. */
  unmapRequest(request: UnmapRequest<number>): Status {
    this.unmappedPages = 0;
    const decision = this.decideUnmap(request);
    const { first, end } = decision;
    const isRefused = decision.status !== 0 && this.records.nextMapped(first, end) >= end;
    if (!isRefused && this.faults.passes('unmap') === 0) {
      return this.refuseUnmap(this.faults.status('unmap'));
    }
    for (const at of decision.cuts ?? []) this.#cut(at);
    if (isRefused) return this.refuseUnmap(decision.status);
    this.unmappedPages = this.removePages(first, end);
    const status =
      decision.status === 0 && this.unmappedPages === 0 ? this.traits.holeStatus : decision.status;
    this.#countUnmap(status !== 0);
    return status;
  }

  /** The same for a range that cuts no mapping. */
  #unmapWhole(first: number, end: number): Status {
    if (this.faults.passes('unmap') === 0) return this.refuseUnmap(this.faults.status('unmap'));
    this.unmappedPages = this.removePages(first, end);
    const status = this.unmappedPages === 0 ? this.traits.holeStatus : 0;
    this.#countUnmap(status !== 0);
    return status;
  }

  /** What an unmap of this request would remove and answer. */
  decideUnmap(request: UnmapRequest<number>): UnmapDecision<number> {
    return this.traits.unmapRule(this.#view, request);
  }

  /** Counts a call that changed no mapping: an address invalidated or given anew. */
  passUnmap(): void {
    this.#countUnmap(false);
  }

  passMap(): void {
    this.#countMaps(1, false);
  }

  /** Counts an unmap call that was refused as a whole. */
  refuseUnmap(status: Status): Status {
    this.unmappedPages = 0;
    this.#countUnmap(true);
    return status;
  }

  unmapAll(): number {
    this.unmappedPages = this.removePages(0, this.checks.endPage);
    this.#countUnmap(false);
    return this.unmappedPages;
  }

  /** Removes the mappings in [first, end), whose ends cut none; answers the pages. */
  removePages(first: number, end: number): number {
    if (first >= end) return 0;
    const before = this.records.pageCount;
    this.records.removeRange(first, end, this.#removedSink);
    const { observer } = this;
    if (observer !== undefined) this.#removed.drain(observer);
    return before - this.records.pageCount;
  }

  translate(iovaPage: number): number {
    if (this.traits.pins) return this.frames.get(iovaPage);
    const record = this.records.at(iovaPage);
    return record === undefined ? 0 : this.memory.peekPage(record.host + iovaPage - record.first);
  }

  reach(iova: bigint): Reached | undefined {
    const page = Number(iova / PAGE);
    const record = this.records.at(page);
    if (record === undefined) return undefined;
    const rights = record.flags & (READ | WRITE);
    return { frame: this.translate(page), offset: Number(iova % PAGE), rights };
  }

  isMapped(iovaPage: number): boolean {
    return this.records.holds(iovaPage);
  }

  isWritable(iovaPage: number): boolean {
    const record = this.records.at(iovaPage);
    return record !== undefined && (record.flags & WRITE) !== 0;
  }

  readPages(iovaPage: number, pageCount: number, mapped: Uint8Array, frames: Int32Array, at: number): void {
    if (this.traits.pins) this.frames.read(iovaPage, pageCount, frames, at);
    this.records.read(iovaPage, iovaPage + pageCount, mapped, at);
  }

  endOfRun(iovaPage: number, endPage: number): number {
    const record = this.records.at(iovaPage);
    if (record === undefined) return this.records.nextMapped(iovaPage, endPage);
    const { first, count, host } = record;
    const end = Math.min(endPage, first + count);
    if (this.traits.pins) return this.frames.endOfRun(iovaPage, end);
    const toHost = host - first;
    return (this.memory.endOfPeek?.(iovaPage + toHost, end + toHost) ?? iovaPage + toHost + 1) - toHost;
  }

  readEach(iovaPages: readonly number[], mapped: Uint8Array, frames: Int32Array, places: readonly number[]): void {
    this.records.readEach(iovaPages, mapped, places);
    if (!this.traits.pins) return;
    for (let which = 0; which < iovaPages.length; which += 1) {
      frames[places[which]!] = this.frames.get(iovaPages[which]!);
    }
  }

  dmaRead(iova: bigint): DmaRead {
    return dmaReadWord(this, iova);
  }

  dmaWrite(iova: bigint, value: number): Status {
    return dmaWriteWord(this, iova, value);
  }

  forEachMapping(emit: (iovaPage: number, pageCount: number) => void): void {
    this.records.forEach(0, this.checks.endPage, ({ first, count, granule }) => {
      for (let at = first; at < first + count; at += granule) emit(at, granule);
    });
  }

  close(): void {
    this.removePages(0, this.checks.endPage);
  }

  /** A mapping that was made, told to counters and observer; used by IOAS_COPY for areas that pin nothing new. */
  adopt(first: number, count: number, granule: number, host: number, flags: number, shared?: SharedPart): void {
    const isNew = this.records.insert(first, count, granule, host, flags, shared);
    assert(isNew, 'mappings never overlap');
    this.costs.mapped(first, count, granule, host);
    if (this.records.mappingCount > this.peakMappingCount) this.peakMappingCount = this.records.mappingCount;
  }

  #runOf(iovaPage: number, hostPage: number, pageCount: number, granulePages: number): PageRun {
    const run = this.#run;
    run.iovaPage = iovaPage;
    run.hostPage = hostPage;
    run.pageCount = pageCount;
    run.granulePages = granulePages;
    return run;
  }

  /** Of the granules of a run, those below `allowedGranules` passed the checks of their arguments. */
  #perform(run: PageRun, rights: number, allowedGranules: number, source: MapSource): Status {
    const granules = run.pageCount === run.granulePages ? 1 : Math.ceil(run.pageCount / run.granulePages);
    const passes = this.faults.passes('map');
    const pinned = this.#pinGranules(run, Math.min(granules, allowedGranules, passes), rights, source);
    this.done = pinned;
    const isComplete = pinned === granules;
    this.#store(run, pinned, rights);
    this.#countMaps(pinned + (isComplete ? 0 : 1), !isComplete);
    if (isComplete) return 0;
    if (this.#pinStatus !== 0) return this.#pinStatus;
    return passes < allowedGranules ? this.faults.status('map') : this.checks.status;
  }

  /** Answers how many granules were pinned; when one could not be, `#pinStatus` says why. */
  #pinGranules(run: PageRun, limit: number, rights: number, { pinPage, driverStatus }: MapSource): number {
    this.#pinStatus = 0;
    if (!this.traits.pins) return limit;
    this.#pinWrites = (rights & WRITE) !== 0;
    const isPlain = this.#pinsRuns && pinPage === undefined && driverStatus === undefined;
    for (let granule = isPlain ? this.#pinRun(run, limit) : 0; granule < limit; granule += 1) {
      const offset = granule * run.granulePages;
      const count = Math.min(run.granulePages, run.pageCount - offset);
      const first = run.iovaPage + offset;
      this.#pinHost = run.hostPage + offset;
      const status = this.pinner.pin(this.frames, first, count, pinPage ?? this.#pinOne, driverStatus);
      if (status === 0) continue;
      if (!this.traits.unwindsFailedMap) this.#keepWhatPins(first, this.#pinHost, count, rights);
      this.#pinStatus = status;
      return granule;
    }
    return limit;
  }

  /** As many granules at once as nothing refuses; answers how many. */
  #pinRun({ iovaPage, hostPage, pageCount, granulePages }: PageRun, limit: number): number {
    const wanted = Math.min(pageCount, limit * granulePages);
    const run = { firstPage: iovaPage, hostPage, pageCount: wanted, granulePages };
    const pinned = this.pinner.pinRun(this.frames, run, this.#pinWrites);
    return pinned === wanted ? limit : pinned / granulePages;
  }

  /** Planted fault: a map that fails leaves behind what it could pin. */
  #keepWhatPins(first: number, host: number, count: number, rights: number): void {
    let kept = 0;
    const pinOne = (): number => this.memory.pinPage(host + kept, (rights & WRITE) !== 0);
    while (kept < count && this.pinner.pin(this.frames, first + kept, 1, pinOne) === 0) kept += 1;
    if (kept > 0) this.adopt(first, kept, kept, host, this.#flagsOf(rights));
  }

  #store(run: PageRun, granules: number, rights: number): void {
    if (granules === 0) return;
    const { iovaPage, hostPage, granulePages } = run;
    const pageCount = Math.min(run.pageCount, granules * granulePages);
    const tail = pageCount % granulePages;
    const whole = pageCount - tail;
    const flags = this.#flagsOf(rights);
    if (whole > 0) this.adopt(iovaPage, whole, granulePages, hostPage, flags);
    if (tail > 0) this.adopt(iovaPage + whole, tail, tail, hostPage + whole, flags);
    this.observer?.onMapped(iovaPage, pageCount, granulePages, (rights & WRITE) !== 0);
  }

  #flagsOf(rights: number): number {
    return this.pinner.charges ? rights | CHARGED_TO_USER : rights;
  }

  #release(record: PageRecord): void {
    const { first, count, granule, host, flags, shared } = record;
    this.costs.unmapped(first, count, granule, host);
    if (!this.traits.pins) return;
    if (this.#pinsRuns && shared === undefined) {
      const isCharged = (flags & CHARGED_TO_USER) !== 0;
      this.frames.takeRun(first, first + count, (frame, pages) => this.pinner.unpinRun(frame, pages, isCharged));
      return;
    }
    for (let page = first; page < first + count; page += 1) {
      const frame = this.frames.take(page);
      if (shared === undefined || shared.pages.release(shared.at + page - first)) {
        this.pinner.unpin(frame, (flags & CHARGED_TO_USER) !== 0);
      }
    }
  }

  /** Two mappings of one; the IO page table is not touched (iommufd compat v1). */
  #cut(at: number): void {
    this.records.cutMapping(at);
    this.peakMappingCount = Math.max(this.peakMappingCount, this.records.mappingCount);
  }

  #countMaps(calls: number, isRefused: boolean): void {
    this.mapCalls += calls;
    if (isRefused) this.refusedMapCalls += 1;
    this.faults.took('map', calls);
  }

  #countUnmap(isRefused: boolean): void {
    this.unmapCalls += 1;
    if (isRefused) this.refusedUnmapCalls += 1;
    this.faults.took('unmap', 1);
  }
}
