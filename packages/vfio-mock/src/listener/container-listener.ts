// SPDX-License-Identifier: MIT
/**
 * The QEMU side of a VFIO container: what hw/vfio/listener.c does with the sections of an address space and with the
 * runs a manager tells it. It maps in granules, makes one unmap call per run, and rolls its own failing run back when
 * the modelled version does.
 *
 * Lifecycle: `attach` (discard coordination, region_add per section, admission check; a refusal leaves nothing)
 *   -> runs told by the strategy through `mapRun` and `unmapRun`, sections that come and go, remaps, in any order
 *   -> `detach` (region_del per section).
 * What happens inside attach, detach, `addSection` and `removeSection` is a memory transaction of QEMU. A vfio-user
 * client does not wait inside one: it answers success to whoever asked and goes on, whatever the server says.
 *
 * Source: QEMU 10.2.2 hw/vfio/listener.c, hw/vfio/iommufd.c (ENOENT of an unmap counts as success), hw/vfio-user
 * (transactions; observed on 11.1.3: a map refused while a device is added goes unnoticed), hw/vfio/cpr-legacy.c (remap).
 * Not covered: vIOMMU regions, RAM devices, dirty tracking, granules above a page in the admission check. QEMU goes on
 * with the other sections after a refused one and fails at the end; here attach ends at once. Nothing is left either way.
 */
import {
  type AddressSpace,
  assert,
  AssertionFailure,
  type Consumer,
  type DiscardCoordination,
  ERRNO,
  type Instance,
  isManaged,
  type ListenerProfile,
  type Section,
  type Side,
  type Status,
  statusText,
  type Words,
} from '@sda-lab/guest-memory';
import { ListenerWords } from '../words/listener-words.ts';
import { checkAdmission } from './admission.ts';
import type { CallContext, ListenerCall } from './listener-call.ts';
import type { Followed, ListenerState } from './listener-state.ts';
import { type BlockRun, type ListenerSteps, QEMU_LISTENER_STEPS } from './listener-steps.ts';
import type { MappingDoor } from './mapping-door.ts';
import { SectionMapper } from './section-mapper.ts';

export interface ContainerListenerOptions {
  readonly name: string;
  readonly door: MappingDoor;
  readonly profile: ListenerProfile;
  readonly unmapShape: 'range' | 'exact';
  /** QEMU's iommufd backend answers success for an unmap that the kernel refused with ENOENT. */
  readonly masksEnoent: boolean;
  /**
   * The calls of a transaction are sent without waiting for their answers (vfio-user).
   * @defaultValue false
   */
  readonly pipelinesTransactions?: boolean;
  readonly memslotCount: number;
  /** Pages of the smallest IOMMU page. @defaultValue 1 */
  readonly smallestPages?: number;
  /** 0: no limit and no check. */
  readonly dmaMaxMappings: number;
  /** Fires after each call was answered; it looks and must not act. */
  readonly observe: (call: ListenerCall) => void;
  /**
   * Sections that a manager tells about; others are mapped whole.
   * @defaultValue those of blocks with guest_memfd or a virtio-mem
   */
  readonly isManaged?: (section: Section) => boolean;
  /**
   * hw_error(): the VMM ends. May return, for a caller who notes it.
   * @defaultValue throws an AssertionFailure
   */
  readonly exit?: (reason: string) => void;
  /** Replaced only to plant faults. @defaultValue QEMU_LISTENER_STEPS */
  readonly steps?: ListenerSteps;
}

export class ContainerListener implements Consumer {
  readonly name: string;
  readonly sides: Side | 'both' = 'shared';
  readonly smallestPages: number;
  readonly unmapShape: 'range' | 'exact';
  /** Runs told by a manager so far, maps and unmaps. */
  notificationCount = 0;
  /** Whether the last attach exceeded the limit without being refused (`admission: warn`). */
  warnedOfLimit = false;
  readonly #options: ContainerListenerOptions;
  readonly #steps: ListenerSteps;
  readonly #mapper: SectionMapper;
  readonly #state: ListenerState = { isAttached: false, followed: [], granules: new Map() };
  #context: CallContext = 'run';

  constructor(options: ContainerListenerOptions) {
    const { name, unmapShape, door, masksEnoent, observe, steps = QEMU_LISTENER_STEPS } = options;
    this.#options = options;
    this.#steps = steps;
    this.#mapper = new SectionMapper({ door, steps, masksEnoent, observe });
    this.name = name;
    this.unmapShape = unmapShape;
    this.smallestPages = options.smallestPages ?? 1;
  }

  /** Also 0 after an unmap: what a refused map left of its run is news only until the next call. */
  get done(): number {
    return this.#mapper.done;
  }

  get isAttached(): boolean {
    return this.#state.isAttached;
  }

  /** Sections the listener follows now, in the order they were added. */
  get sections(): readonly Section[] {
    return this.#state.followed.map(({ section }) => section);
  }

  /**
   * A device comes: every section is mapped, managed ones by the strategy's replay. The first refusal undoes
   * everything and is returned; -EBUSY when discarding cannot be coordinated, -ENOSPC when the limit check refuses
   * (QEMU reports an error there and has no errno for it).
   */
  attach(addressSpace: AddressSpace, instance: Instance, coordination: DiscardCoordination): Status {
    assert(!this.#state.isAttached, 'a container is attached once');
    const taken = this.#steps.coordinate(coordination, 'attach');
    if (taken !== 0) return taken;
    this.#state.isAttached = true;
    for (const section of this.#steps.arriving(addressSpace.sections)) {
      const status = this.#regionAdd(section, instance);
      if (status === 0) continue;
      this.#depart(coordination, 'refused');
      return status;
    }
    if (this.#admit()) return 0;
    this.#depart(coordination, 'refused');
    return -ERRNO.ENOSPC;
  }

  /** The device goes: one region_del per section, in ascending order. */
  detach(coordination: DiscardCoordination): void {
    this.#depart(coordination, 'detach');
  }

  /**
   * A section comes while a device is attached. A refusal leaves nothing of it and is returned, or ends the VMM, as the
   * profile says; for a managed section it is the strategy that hears of refused maps and decides what it answers.
   */
  addSection(section: Section, instance: Instance): Status {
    assert(this.#state.isAttached, 'a section comes to a container with a device');
    const added = this.#regionAdd(section, instance);
    const isAdmitted = added !== 0 || this.#admit();
    if (added === 0 && isAdmitted) return 0;
    const status = isAdmitted ? added : -ERRNO.ENOSPC;
    if (this.#options.profile.refusedSection === 'exit') this.#exit(section, status);
    if (!isAdmitted) this.removeSection(section);
    return status;
  }

  /** A section goes while a device is attached. Call it before the section leaves the address space. */
  removeSection(section: Section): void {
    const gone = this.#followedAt(section);
    assert(gone !== undefined, 'a section goes that the listener follows');
    this.#state.followed = this.#state.followed.filter((one) => one !== gone);
    this.#regionDelete(gone);
  }

  /**
   * The VMM was replaced under a running guest (CPR): `empty` takes every mapping of the container away, then every
   * section is mapped anew from what its manager shows to devices, in the granules used before. The first refusal is
   * returned; maps before it stay.
   * In a kernel the mappings outlive the VMM and are given new host addresses one by one; where a manager shows the
   * wrong runs, the outcome is the same: mappings that should not be, or are not there.
   */
  remap(empty: () => void): Status {
    assert(this.#state.isAttached, 'a container with a device is remapped');
    empty();
    for (const section of this.sections) this.#mapper.emptied(section, 'remap');
    for (const { section, instance } of this.#state.followed) {
      const status = this.#remapSection(section, instance);
      if (status !== 0) return status;
    }
    return 0;
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
    this.#latchGranule(section, granulePages);
    const run = { firstPage, pageCount };
    const status = this.#map(section, run, granulePages);
    if (status === 0 || this.#options.profile.rollback === 'none') return status;
    this.#rollBack(section, run, granulePages);
    return status;
  }

  unmapRun(section: Section, side: Side, firstPage: number, pageCount: number): Status {
    assert(side === 'shared', 'this listener maps shared pages only');
    this.notificationCount += 1;
    this.#mapper.done = 0;
    return this.#unmap(section, this.#steps.unmapped(section, { firstPage, pageCount }));
  }

  /**
   * Another thread calls in between, until `resume` is given what this answers. A transaction under way is the whole
   * proxy's (async_ops), so its calls are sent like those of the transaction; the undoing of a run is nobody else's.
   */
  suspend(): CallContext {
    const context = this.#context;
    if (context === 'rollback' || context === 'remap') this.#context = 'run';
    return context;
  }

  resume(context: CallContext): void {
    this.#context = context;
  }

  #depart(coordination: DiscardCoordination, occasion: 'refused' | 'detach'): void {
    const { followed } = this.#state;
    for (const section of this.#steps.departing(this.sections)) {
      this.#regionDelete(followed.find((one) => one.section === section)!);
    }
    this.#state.followed = [];
    this.#state.isAttached = false;
    this.#steps.coordinate(coordination, occasion);
  }

  /**
   * The listener's state as words; `sections` are all it may ever follow, `instance` tells of the managed ones. Stored
   * and loaded with the words of its container, between calls.
   */
  words(sections: readonly Section[], instance: Instance): Words {
    const instanceOf = (section: Section): Instance | undefined => (this.#isManaged(section) ? instance : undefined);
    return new ListenerWords({ state: this.#state, mapper: this.#mapper, instanceOf }, sections);
  }

  #isManaged(section: Section): boolean {
    return this.#options.isManaged?.(section) ?? isManaged(section.block);
  }

  /** The smallest granule is what a remap takes anyway. */
  #latchGranule(section: Section, granulePages: number): void {
    const { granules } = this.#state;
    if (granulePages !== this.smallestPages) granules.set(section, granulePages);
    else if (granules.size > 0) granules.delete(section);
  }

  #regionAdd(section: Section, instance: Instance): Status {
    const hasManager = this.#isManaged(section);
    const status = this.#enter(section, hasManager ? instance : undefined);
    if (status === 0) this.#state.followed = [...this.#state.followed, { section, instance: hasManager ? instance : undefined }];
    else this.#state.granules.delete(section);
    return status;
  }

  #enter(section: Section, instance: Instance | undefined): Status {
    const outer = this.#context;
    this.#context = 'attach';
    try {
      if (instance !== undefined) return instance.subscribe(this, section);
      const window = this.#steps.window(section);
      return this.#map(section, window, window.pageCount);
    } finally {
      this.#context = outer;
    }
  }

  #regionDelete({ section, instance }: Followed): void {
    const outer = this.#context;
    this.#context = 'detach';
    try {
      if (instance === undefined) this.#unmap(section, this.#steps.window(section));
      else instance.unsubscribe(this, section);
    } finally {
      this.#context = outer;
    }
    this.#state.granules.delete(section);
  }

  #followedAt(section: Section): Followed | undefined {
    return this.#state.followed.find((one) => one.section === section);
  }

  #remapSection(section: Section, instance: Instance | undefined): Status {
    const { block, firstPage, pageCount } = section;
    if (instance === undefined) {
      const window = this.#steps.window(section);
      return this.#mapper.map(section, window, window.pageCount, 'remap');
    }
    const granulePages = this.#state.granules.get(section) ?? this.smallestPages;
    return instance.runs(block, 'dma', firstPage, firstPage + pageCount, (first, end) =>
      this.#mapper.map(section, { firstPage: first, pageCount: end - first }, granulePages, 'remap'),
    );
  }

  #map(section: Section, run: BlockRun, granulePages: number): Status {
    if (this.#isHeard()) return this.#mapper.map(section, run, granulePages, this.#context);
    this.#mapper.mapUnheard(section, run, granulePages, this.#context);
    return 0;
  }

  #unmap(section: Section, run: BlockRun): Status {
    const status = this.#mapper.unmap(section, run, this.#context);
    return this.#isHeard() ? status : 0;
  }

  /** Nothing of a run stays mapped that was refused. */
  #rollBack(section: Section, run: BlockRun, granulePages: number): void {
    const boundary = run.firstPage - (run.firstPage % granulePages);
    const mappedEnd = boundary + this.#mapper.done * granulePages;
    const mappedPages = Math.min(Math.max(0, mappedEnd - run.firstPage), run.pageCount);
    const undone = this.#steps.rolledBack(run, mappedPages);
    if (undone !== undefined) this.#unmapAgain(section, undone);
    this.#mapper.done = 0;
  }

  #unmapAgain(section: Section, run: BlockRun): void {
    const outer = this.#context;
    this.#context = 'rollback';
    try {
      this.#unmap(section, run);
    } finally {
      this.#context = outer;
    }
  }

  #isHeard(): boolean {
    const isTransaction = this.#context === 'attach' || this.#context === 'detach';
    return !(isTransaction && this.#options.pipelinesTransactions === true && !this.#options.profile.awaitsAttach);
  }

  #admit(): boolean {
    const { profile, memslotCount, dmaMaxMappings } = this.#options;
    if (profile.admission === 'off') return true;
    const sections: Section[] = [];
    for (const { section, instance } of this.#state.followed) if (instance !== undefined) sections.push(section);
    const { admitted } = checkAdmission({ sections, granulePages: 1, memslotCount, dmaMaxMappings });
    this.warnedOfLimit = !admitted && profile.admission === 'warn';
    return admitted || profile.admission === 'warn';
  }

  #exit(section: Section, status: Status): void {
    const reason = `vfio: section ${section.name} cannot be mapped: ${statusText(status)}`;
    if (this.#options.exit === undefined) throw new AssertionFailure(reason);
    this.#options.exit(reason);
  }
}
