// SPDX-License-Identifier: MIT
/**
 * The two check-only backends: iommufd with its selftest mock domain, and a bare IOAS that may get a device later.
 * The hot door is the loop over the ioctl door; there is no compact storage.
 *
 * Lifecycle and source as for `ByteAreas`. Not covered: page-table costs per byte range (pages touched are counted).
 */
import { ERRNO, PAGE_BYTES, type Status } from '@sda-lab/guest-memory';
import { type ByteArea, ByteAreas } from './_internals/byte-areas.ts';
import { DirtyLog } from './_internals/dirty-log.ts';
import { pagesTouched } from './_internals/iopt-pages.ts';
import { READ, WRITE } from './_internals/page-record.ts';
import { Pinner } from './_internals/pinner.ts';
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
import { Ioas } from './ioctl/ioas.ts';
import { createIommufdDoor } from './ioctl/create-iommufd-door.ts';
import { FIXED_IOVA, type IommufdDoor, READABLE, WRITEABLE } from './ioctl/iommufd-door.ts';
import { DEFAULT_KERNEL } from './kernel-knobs.ts';
import type { KernelMemory } from './kernel-memory.ts';
import { ProcessAccount } from './process-account.ts';

export class ByteContainer implements IommuContainer {
  readonly name: string;
  readonly backend: BackendId;
  readonly traits: BackendTraits;
  readonly kernel: KernelVersion;
  readonly geometry: Geometry;
  readonly faults: FaultPlan = new FaultPlan();
  readonly costs: CostCounters;
  readonly account: ProcessAccount;
  readonly ioctl: IommufdDoor;
  observer: ContainerObserver | undefined = undefined;
  done = 0;
  unmappedPages = 0;
  peakMappingCount = 0;
  mapCalls = 0;
  unmapCalls = 0;
  refusedMapCalls = 0;
  refusedUnmapCalls = 0;
  readonly entriesAvailable: number = Infinity;
  readonly #memory: KernelMemory;
  readonly #areas: ByteAreas;
  readonly #dirty = new DirtyLog();

  constructor(backend: BackendId, options: ContainerOptions) {
    this.backend = backend;
    this.name = options.name ?? backend;
    this.traits = { ...BACKEND_TRAITS[backend], ...options.traits };
    this.kernel = options.kernel ?? DEFAULT_KERNEL;
    this.geometry = options.geometry ?? this.traits.geometry;
    this.account = options.account ?? new ProcessAccount(options.memlock);
    this.costs = new CostCounters(this.traits, options.physicalLayout ?? 'congruent');
    this.#memory = options.memory;
    const pinner = new Pinner(this.#memory, this.account, this.traits.accounting);
    this.#areas = new ByteAreas(this.traits, this.#memory, pinner, this.faults, {
      mapCall: (status) => this.#countMap(status),
      unmapCall: (status, bytes) => this.#countUnmap(status, bytes),
      added: (area) => this.#added(area),
      removed: (area) => this.#removed(area),
    });
    const ioas = new Ioas(this.#areas, this.traits);
    if (this.traits.pins) ioas.attach(this.geometry);
    this.ioctl = createIommufdDoor(ioas, this.#dirty, (fd) => this.#memory.checkFile?.(fd) ?? 0);
  }

  get mappingCount(): number {
    return this.#areas.all.length;
  }

  mapPages(
    iovaPage: number,
    hostPage: number,
    pageCount: number,
    granulePages: number,
    writable: boolean,
  ): Status {
    if (pageCount <= 0 || granulePages <= 0) return this.#areas.refuseMap(-ERRNO.EINVAL);
    const flags = FIXED_IOVA | READABLE | (writable ? WRITEABLE : 0);
    let done = 0;
    let status = 0;
    for (let at = 0; at < pageCount && status === 0; at += granulePages) {
      const length = BigInt(Math.min(granulePages, pageCount - at)) * PAGE;
      const iova = BigInt(iovaPage + at) * PAGE;
      ({ status } = this.ioctl.ioasMap({ flags, userVa: BigInt(hostPage + at) * PAGE, length, iova }));
      if (status === 0) done += 1;
    }
    this.done = done;
    return status;
  }

  unmapPages(iovaPage: number, pageCount: number): Status {
    return this.ioctl.ioasUnmap(BigInt(iovaPage) * PAGE, BigInt(Math.max(0, pageCount)) * PAGE).status;
  }

  unmapAll(): number {
    this.#areas.unmapAll();
    return this.unmappedPages;
  }

  reach(iova: bigint): Reached | undefined {
    const area = this.#areas.at(iova);
    if (area === undefined || !this.#areas.isFilled) return undefined;
    const byte = area.byte + Number(iova - area.first);
    const frame = area.pages.frame(Math.floor(byte / PAGE_BYTES));
    return { frame, offset: byte % PAGE_BYTES, rights: area.rights };
  }

  translate(iovaPage: number): number {
    return this.reach(BigInt(iovaPage) * PAGE)?.frame ?? 0;
  }

  isMapped(iovaPage: number): boolean {
    return this.#areas.at(BigInt(iovaPage) * PAGE) !== undefined;
  }

  readPages(iovaPage: number, pageCount: number, mapped: Uint8Array, frames: Int32Array, at: number): void {
    for (let offset = 0; offset < pageCount; offset += 1) {
      mapped[at + offset] = this.isMapped(iovaPage + offset) ? 1 : 0;
      if (this.traits.pins) frames[at + offset] = this.translate(iovaPage + offset);
    }
  }

  endOfRun(iovaPage: number, _endPage: number): number {
    return iovaPage + 1;
  }

  readEach(iovaPages: readonly number[], mapped: Uint8Array, frames: Int32Array, places: readonly number[]): void {
    for (const [which, page] of iovaPages.entries()) this.readPages(page, 1, mapped, frames, places[which]!);
  }

  isWritable(iovaPage: number): boolean {
    return ((this.#areas.at(BigInt(iovaPage) * PAGE)?.rights ?? 0) & WRITE) !== 0;
  }

  dmaRead(iova: bigint): DmaRead {
    const at = this.reach(iova);
    if (at === undefined || (at.rights & READ) === 0) return { status: -ERRNO.EFAULT, value: 0 };
    return { status: 0, value: this.#memory.frames.read(at.frame, at.offset) };
  }

  dmaWrite(iova: bigint, value: number): Status {
    const at = this.reach(iova);
    if (at === undefined || (at.rights & WRITE) === 0) return -ERRNO.EFAULT;
    this.#memory.frames.write(at.frame, value, at.offset);
    if (this.#dirty.isTracking) this.#dirty.mark(Number(iova / PAGE), 1);
    return 0;
  }

  forEachMapping(emit: (iovaPage: number, pageCount: number) => void): void {
    for (const { first, end } of this.#areas.all) {
      emit(Number(first / PAGE), Number((end - 1n) / PAGE - first / PAGE) + 1);
    }
  }

  close(): void {
    this.#areas.drop();
    this.#areas.detach();
  }

  #added(area: ByteArea): void {
    const { first, count } = pagesTouched(area.byte, area.end - area.first);
    this.costs.mapped(Number(area.first / PAGE), count, count, area.pages.hostPage(first));
    this.peakMappingCount = Math.max(this.peakMappingCount, this.#areas.all.length);
    const isWritable = (area.rights & WRITE) !== 0;
    this.observer?.onMapped(Number(area.first / PAGE), count, count, isWritable);
  }

  #removed(area: ByteArea): void {
    const { first, count } = pagesTouched(area.byte, area.end - area.first);
    this.costs.unmapped(Number(area.first / PAGE), count, count, area.pages.hostPage(first));
    this.observer?.onUnmapped(Number(area.first / PAGE), count);
  }

  #countMap(status: Status): void {
    this.mapCalls += 1;
    if (status !== 0) this.refusedMapCalls += 1;
    this.faults.took('map', 1);
    this.done = status === 0 ? 1 : 0;
  }

  #countUnmap(status: Status, bytes: bigint): void {
    this.unmapCalls += 1;
    if (status !== 0) this.refusedUnmapCalls += 1;
    this.faults.took('unmap', 1);
    this.unmappedPages = Number(bytes / PAGE);
  }
}
