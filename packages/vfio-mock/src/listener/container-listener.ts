// SPDX-License-Identifier: MIT
/**
 * The QEMU side of a VFIO container: what hw/vfio/listener.c does with the sections of an address space and with the
 * runs a manager tells it. It turns block pages into IOVA and host pages, maps in granules, makes one unmap call per
 * run, and rolls its own failing run back when the modelled version does.
 *
 * Lifecycle: `attach` (discard coordination, region_add per section, admission check; a refusal leaves nothing) ->
 * runs told by the strategy through `mapRun` and `unmapRun` -> `detach` (region_del per section).
 *
 * Source: QEMU 10.2.2 hw/vfio/listener.c (vfio_listener_region_add, vfio_ram_discard_notify_populate and _discard),
 * hw/vfio/iommufd.c (ENOENT of an unmap counts as success). Not covered: vIOMMU regions, RAM devices, dirty tracking,
 * transactions; a read-only section is mapped without write rights as in QEMU.
 */
import {
  type AddressSpace,
  assert,
  type Consumer,
  type DiscardCoordination,
  ERRNO,
  type Instance,
  type ListenerProfile,
  type Section,
  type Side,
  type Status,
} from '@sda-lab/guest-memory';
import { checkAdmission } from './admission.ts';
import type { MappingDoor } from './mapping-door.ts';

/** What asked for a call: a strategy's run, the undoing of a refused run, or region_add and region_del themselves. */
export type CallContext = 'run' | 'rollback' | 'attach' | 'detach';

/** One map or unmap request of the listener to the kernel, after it was answered. */
export interface ListenerCall {
  readonly kind: 'map' | 'unmap';
  readonly context: CallContext;
  readonly section: Section;
  readonly firstGfn: number;
  readonly pageCount: number;
  /** Pages per map call; equals pageCount for an unmap. */
  readonly granulePages: number;
  /** Kernel's answer, before QEMU turns any into success. */
  readonly status: Status;
  /** Granules mapped before a refusal; 0 for an unmap. */
  readonly doneGranules: number;
}

export interface ContainerListenerOptions {
  readonly name: string;
  readonly door: MappingDoor;
  readonly profile: ListenerProfile;
  readonly unmapShape: 'range' | 'exact';
  /** QEMU's iommufd backend answers success for an unmap that the kernel refused with ENOENT. */
  readonly masksEnoent: boolean;
  readonly memslotCount: number;
  /** 0: no limit and no check. */
  readonly dmaMaxMappings: number;
  /** Fires after each call was answered; it looks and must not act. */
  readonly observe: (call: ListenerCall) => void;
}

export class ContainerListener implements Consumer {
  readonly name: string;
  readonly sides: Side | 'both' = 'shared';
  readonly smallestPages: number = 1;
  readonly unmapShape: 'range' | 'exact';
  done = 0;
  /** Runs told by a manager so far, maps and unmaps. */
  notificationCount = 0;
  /** Whether the last attach exceeded the limit without being refused (`admission: warn`). */
  warnedOfLimit = false;
  readonly #options: ContainerListenerOptions;
  readonly #attached: { section: Section; instance: Instance | undefined }[] = [];
  #context: CallContext = 'run';

  constructor(options: ContainerListenerOptions) {
    this.#options = options;
    this.name = options.name;
    this.unmapShape = options.unmapShape;
  }

  get isAttached(): boolean {
    return this.#attached.length > 0;
  }

  /** Sections the listener follows now, in the order they were added. */
  get sections(): readonly Section[] {
    return this.#attached.map(({ section }) => section);
  }

  /**
   * A device comes: every section is mapped, those with guest_memfd by the strategy's replay. The first refusal undoes
   * everything and is returned; -EBUSY when discarding cannot be coordinated, -ENOSPC when the limit check refuses
   * (QEMU reports an error there and has no errno for it).
   */
  attach(addressSpace: AddressSpace, instance: Instance, coordination: DiscardCoordination): Status {
    assert(!this.isAttached, 'a container is attached once');
    const taken = coordination.uncoordinatedDisable(true);
    if (taken !== 0) return taken;
    for (const section of addressSpace.sections) {
      const status = this.#regionAdd(section, instance);
      if (status === 0) continue;
      this.detach(coordination);
      return status;
    }
    if (this.#admit()) return 0;
    this.detach(coordination);
    return -ERRNO.ENOSPC;
  }

  /** The device goes: one region_del per section, in ascending order. */
  detach(coordination: DiscardCoordination): void {
    this.#context = 'detach';
    for (const { section, instance } of this.#attached.splice(0)) {
      if (instance === undefined) this.#unmap(section, section.firstPage, section.pageCount);
      else instance.unsubscribe(this, section);
    }
    this.#context = 'run';
    coordination.uncoordinatedDisable(false);
  }

  mapRun(
    section: Section,
    side: Side,
    firstPage: number,
    pageCount: number,
    granulePages: number,
  ): Status {
    assert(side === 'shared', 'this listener maps shared pages only');
    this.notificationCount += 1;
    const status = this.#map(section, firstPage, pageCount, granulePages);
    if (status === 0 || this.#options.profile.rollback === 'none') return status;
    const outer = this.#context;
    this.#context = 'rollback';
    this.#unmap(section, firstPage, pageCount);
    this.#context = outer;
    this.done = 0;
    return status;
  }

  unmapRun(section: Section, side: Side, firstPage: number, pageCount: number): Status {
    assert(side === 'shared', 'this listener maps shared pages only');
    this.notificationCount += 1;
    return this.#unmap(section, firstPage, pageCount);
  }

  #regionAdd(section: Section, instance: Instance): Status {
    const outer = this.#context;
    this.#context = 'attach';
    const status = section.block.hasGuestMemfd
      ? instance.subscribe(this, section)
      : this.#map(section, section.firstPage, section.pageCount, section.pageCount);
    this.#context = outer;
    if (status !== 0) return status;
    this.#attached.push({ section, instance: section.block.hasGuestMemfd ? instance : undefined });
    return 0;
  }

  #admit(): boolean {
    const { profile, memslotCount, dmaMaxMappings } = this.#options;
    if (profile.admission === 'off') return true;
    const sections = this.#attached
      .filter(({ instance }) => instance !== undefined)
      .map(({ section }) => section);
    const { admitted } = checkAdmission({ sections, granulePages: 1, memslotCount, dmaMaxMappings });
    this.warnedOfLimit = !admitted && profile.admission === 'warn';
    return admitted || profile.admission === 'warn';
  }

  /** Granule boundaries follow block pages: a first piece up to the next boundary, then whole granules. */
  #map(section: Section, firstPage: number, pageCount: number, granulePages: number): Status {
    const toBoundary = (granulePages - (firstPage % granulePages)) % granulePages;
    const whole = granulePages === pageCount ? pageCount : Math.min(toBoundary, pageCount);
    if (whole > 0) {
      const status = this.#mapPiece(section, firstPage, whole, whole);
      if (status !== 0 || whole === pageCount) return status;
    }
    const headGranules = whole > 0 ? 1 : 0;
    const status = this.#mapPiece(section, firstPage + whole, pageCount - whole, granulePages);
    if (status !== 0) this.done += headGranules;
    return status;
  }

  #mapPiece(section: Section, firstPage: number, pageCount: number, granulePages: number): Status {
    const { door, observe } = this.#options;
    const firstGfn = section.firstGfn + firstPage - section.firstPage;
    const hostPage = section.block.hostFirstPage + firstPage;
    const status = door.mapPages(firstGfn, hostPage, pageCount, granulePages, !section.readonly);
    this.done = status === 0 ? 0 : door.done;
    const call = { section, firstGfn, pageCount, granulePages, status, doneGranules: this.done };
    observe({ kind: 'map', context: this.#context, ...call });
    return status;
  }

  #unmap(section: Section, firstPage: number, pageCount: number): Status {
    const { door, observe, masksEnoent } = this.#options;
    const firstGfn = section.firstGfn + firstPage - section.firstPage;
    const status = door.unmapPages(firstGfn, pageCount);
    const call = { section, firstGfn, pageCount, granulePages: pageCount, status, doneGranules: 0 };
    observe({ kind: 'unmap', context: this.#context, ...call });
    return masksEnoent && status === -ERRNO.ENOENT ? 0 : status;
  }
}
