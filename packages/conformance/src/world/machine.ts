// SPDX-License-Identifier: MIT
/**
 * One guest at work, as the operations of a history see it: memory and layout, one strategy instance, containers,
 * virtio-mem devices, the event log and the judge over all of it.
 *
 * Lifecycle: built (blocks added, plug sources attached) -> operations, one after the other (operations/) -> ended.
 * `onRefusal: stop`: a conversion refused with anything but -EAGAIN stops the VM; what follows is still done, and what
 * the judge then finds is latent. A refused request is remembered and retried when faults heal.
 * Not here: what each operation does.
 */
import {
  assert,
  convertMemory,
  type CostMeter,
  ERRNO,
  type GuestMemory,
  type Host,
  type Instance,
  isManaged,
  type PageRange,
  type PageStorage,
  type RamBlock,
  type Section,
  type Side,
  type Status,
  statusText,
  type Strategy,
} from '@sda-lab/guest-memory';
import type { ListenerSteps } from '@sda-lab/vfio-mock';
import type { DeviceSteps, VirtioMem } from '@sda-lab/virtio-mem';
import type { Operation } from '../history/operation.ts';
import type { Before } from '../judge/before.ts';
import { Judge, type OperationUnderWay, type PositionRun } from '../judge/judge.ts';
import { Accesses } from './accesses.ts';
import { buildLayout } from './build-layout.ts';
import { checkSize } from './check-size.ts';
import { LiveMigration } from './consumers/live-migration.ts';
import type { Report } from './consumers/reports.ts';
import type { SavedGuest } from './consumers/restore-guest.ts';
import { guestSpans } from './consumers/shown-runs.ts';
import { subscribingDevice } from './consumers/tdisp-device.ts';
import { orphansBehindViommus } from './consumers/viommu.ts';
import { callEvent, type EventLog, type NestedEvent, type WorldEvent } from './event.ts';
import { createBareInstance, createGuardedInstance } from './guard/guard-instance.ts';
import { NO_INSTANCE } from './guard/no-instance.ts';
import { PortError } from './guard/port-error.ts';
import { thrownText } from './guard/shown.ts';
import { endOfGfns, endOfPages, firstOfGfns, firstOfPages, gfnOf, type Layout, type Span } from './layout.ts';
import { DesignLocks } from './locks.ts';
import { PlugSources } from './plug-sources.ts';
import { createWorldContainer, type WorldContainer } from './world-container.ts';
import { createWorldHost } from './world-host.ts';
import { wantsBothSides, type WorldSpec } from './world-spec.ts';

/** Parts of the machine that are replaced only to plant faults; QEMU's own unless given. */
export interface WorldParts {
  readonly convertMemory?: typeof convertMemory;
  readonly deviceSteps?: DeviceSteps;
  readonly listenerSteps?: ListenerSteps;
}

export interface MachineOptions {
  /** Additions of the strategy that are left out. */
  readonly without?: ReadonlySet<string>;
  /** Keep every event; costs memory. @defaultValue false */
  readonly record?: boolean;
  /**
   * Check what the design answers and calls; without, for speed, one that breaks the ports is not told so.
   * @defaultValue true
   */
  readonly guard?: boolean;
  /**
   * How what is known per page is stored; what is answered, counted and found is the same. Run-length carries guests that
   * exact storage has no room for, and has no words for a search.
   * @defaultValue 'exact'
   */
  readonly storage?: PageStorage;
  /** Without, nobody looks and nothing is found: to measure what the rest costs. @defaultValue true */
  readonly judge?: boolean;
  readonly parts?: WorldParts;
  /** Where the design counts what its algorithm costs on flat bitmaps. */
  readonly meter?: CostMeter;
}

const NO_SECTIONS: readonly Section[] = [];
const NO_DEVICES: readonly VirtioMem[] = [];

/** What was so before an operation on many pages is not kept to be used again. */
const MOST_KEPT_WORDS = 4096;

export class Machine implements EventLog {
  readonly spec: WorldSpec;
  readonly strategy: Strategy;
  readonly memory: GuestMemory;
  readonly layout: Layout;
  readonly instance: Instance;
  readonly containers: readonly WorldContainer[];
  readonly judge: Judge;
  readonly accesses: Accesses;
  readonly migration: LiveMigration = new LiveMigration();
  /** What the last finished migration leaves to load. */
  saved: SavedGuest | undefined = undefined;
  /** What was found that no design owes. */
  readonly reports: Report[] = [];
  readonly events: WorldEvent[] = []; // Empty unless `record` was asked for.
  /** Refused requests that wait for a retry, oldest first. */
  readonly retries: Operation[] = [];
  /** A refused conversion stopped the VM at some time. */
  wasStopped = false;
  /** Some conversion was refused so that `onRefusal` decided; until then both kinds of VMM go alike. */
  askedOnRefusal = false;
  hasEnded = false; // The VMM is gone, or a reset shut the guest down; later operations do nothing.
  isMigrating = false;
  /** Faults were lifted and refused requests are being repeated: a refusal now is not remembered again. */
  isHealing = false;
  /** A section was refused by the limit check, and by no call. */
  limitReached = false;
  /** The last request to convert was refused for what it asked, not for what was in the way. */
  wasMalformed = false;
  operationIndex = -1;
  /** Entries the event log got since somebody set this to 0, kept or not; wraps at 2^31. */
  eventCount = 0;
  /** Another operation is to run inside the one under way (nested.ts). */
  preemption: { atEvent(): void } | undefined = undefined;
  readonly locks: DesignLocks = new DesignLocks();
  readonly meter: CostMeter | undefined;
  /** An operation was ended in the middle because it would have waited: what comes next is unknown. */
  isUndecided = false;
  /** The path of a request from the exit to the design. */
  readonly convertMemory: typeof convertMemory;
  readonly #options: MachineOptions;
  readonly #parts: WorldParts;
  readonly #record: boolean;
  #guestSpans: readonly Span[] | undefined = undefined;
  /** Not in use, to be used again. */
  readonly #befores: Before[] = [];
  /** Undefined when the VMM ended before its devices came. */
  readonly sources: PlugSources | undefined;

  constructor(spec: WorldSpec, strategy: Strategy, options: MachineOptions) {
    this.spec = spec;
    this.strategy = strategy;
    this.#options = options;
    this.meter = options.meter;
    this.#record = options.record ?? false;
    this.#parts = options.parts ?? {};
    this.convertMemory = this.#parts.convertMemory ?? convertMemory;
    const storage = options.storage ?? 'exact';
    checkSize(spec, storage);
    const { memory, layout } = buildLayout(spec, storage);
    this.memory = memory;
    this.layout = layout;
    this.containers = spec.containers.map((container, at) => this.#createContainer(container, at));
    const orphans = (): number => orphansBehindViommus(this.containers, memory);
    this.judge = new Judge(memory, layout, this.containers, orphans, options.judge ?? true);
    this.accesses = new Accesses(memory, layout, this);
    this.#observeMemory();
    const host = createWorldHost(this, (block, page) => this.#pinHolders(block, page));
    const guard = { strategy, host, without: options.without ?? new Set(), pageCount: layout.totalCount, containerCount: this.containers.length };
    const create = options.guard === false ? createBareInstance : createGuardedInstance;
    this.instance = this.survive<Instance>(() => create(guard), NO_INSTANCE);
    this.sources = this.hasEnded ? undefined : this.survive(() => this.#build(host), undefined);
  }

  /** A fresh guest of the same kind, as the destination of a migration is one. */
  sibling(): Machine {
    return new Machine(this.spec, this.strategy, { ...this.#options, record: false });
  }

  /** virtio-mem devices by index; undefined where the design refused one. */
  get devices(): readonly (VirtioMem | undefined)[] {
    return this.sources?.devices ?? NO_DEVICES;
  }

  /** A strategy that throws has ended the VMM; nothing of it escapes. */
  survive<T>(act: () => T, otherwise: T): T {
    try {
      return act();
    } catch (error) {
      this.exit(thrownText(error));
      return otherwise;
    }
  }

  /** An operation, or one request of it, begins: its positions are in transit until `judge.end`. */
  begin(kind: OperationUnderWay['kind'], positions: readonly PositionRun[], to?: Side): void {
    this.judge.begin({ index: this.operationIndex, kind, positions, to });
    if (kind === 'convert' && this.#mixesBackends()) this.judge.witnesses.see('consumer mixed-backends');
  }

  /** The same for one that may be refused: what its pages are like before it. Ends with `forget`. */
  beginRequest(kind: OperationUnderWay['kind'], positions: readonly PositionRun[], to?: Side): Before {
    this.begin(kind, positions, to);
    const before = this.#befores.pop() ?? this.judge.createBefore();
    return before.capture(positions);
  }

  /** Nobody asks any more what pages were like before an operation. */
  forget(before: Before): void {
    if (before.capacity <= MOST_KEPT_WORDS) this.#befores.push(before);
  }

  /** Whether this VMM stops the VM at a refusal; asked only when there is one. */
  stopsOnRefusal(): boolean {
    this.askedOnRefusal = true;
    return this.spec.onRefusal === 'stop';
  }

  /** QEMU refuses to continue such a VM; what is found now would matter if it went on. */
  stop(): void {
    this.wasStopped = true;
    this.judge.isLatent = true;
  }

  /** A reset has rebuilt the VM, which runs again, stopped or not: what is found now matters. */
  restart(): void {
    this.judge.isLatent = false;
    this.judge.forgetPending();
    this.forgetRetries();
  }

  /** Nothing waits for a retry any more. */
  forgetRetries(): void {
    while (this.retries.length > 0) this.retries.pop();
  }

  exit(reason: string): void {
    this.log({ kind: 'exit', reason });
    this.judge.report('nonfatal', { reason: 'vmm-ended', detail: reason });
    this.hasEnded = true;
  }

  get keepsEvents(): boolean {
    return this.#record;
  }

  log(event: WorldEvent): void {
    this.pass();
    this.note(event);
  }

  pass(events = 1): void {
    this.eventCount = (this.eventCount + events) | 0;
  }

  /** Writes down what is no event of the operation under way. */
  note(event: WorldEvent | NestedEvent): void {
    // What the code of a dead VMM still runs through here is no event of the machine.
    if (this.#record && !this.hasEnded) this.events.push(event);
  }

  container(name: string): WorldContainer {
    for (const container of this.containers) if (container.name === name) return container;
    assert(false, 'a history names containers of its world');
  }

  /** A run of positions cut where sections end. */
  partsOf(run: PositionRun): PositionRun[] {
    return this.layout.runsOfSections(run);
  }

  /** Whether any of the pages belongs to a device the design refused. */
  isAbsent(run: PositionRun): boolean {
    const { absent } = this;
    return absent.length > 0 && this.partsOf(run).some(({ first }) => absent.includes(this.layout.spanAt(first).section));
  }

  /** Spans the guest has, by guest address, as those who copy it go through them. */
  get guestSpans(): readonly Span[] {
    this.#guestSpans ??= guestSpans(this.layout, this.absent);
    return this.#guestSpans;
  }

  /** Sections of devices the design refused. */
  get absent(): readonly Section[] {
    return this.sources?.absent ?? NO_SECTIONS;
  }

  #mixesBackends(): boolean {
    let first: WorldContainer | undefined;
    for (const container of this.containers) {
      if (!container.isAttached()) continue;
      if (first !== undefined && container.kernel.backend !== first.kernel.backend) return true;
      first = container;
    }
    return false;
  }

  #createContainer(spec: WorldSpec['containers'][number], at: number): WorldContainer {
    return createWorldContainer({
      spec,
      memory: this.memory,
      profile: this.strategy.listener,
      entryLimit: this.spec.limit,
      ...(this.#parts.listenerSteps && { steps: this.#parts.listenerSteps }),
      privatePages: !wantsBothSides(this.spec, spec) ? 'never' : this.strategy.capabilities.tdisp === true ? 'owed' : 'allowed',
      observe: (call, wasInjected, side) => {
        if (this.hasEnded) return;
        if (this.#record) this.log(callEvent(spec.name, call, side));
        else this.pass();
        this.judge.called(at, call, wasInjected);
        this.preemption?.atEvent();
      },
    });
  }

  #observeMemory(): void {
    this.memory.observer = {
      populated: (block, firstPage, endPage, side, firstFrame) => {
        for (let page = firstPage; this.#record && page < endPage; page += 1) {
          this.log({ kind: 'populate', block: block.name, page, side, frame: firstFrame + page - firstPage });
        }
        if (!this.#record) this.pass(endPage - firstPage);
        this.judge.populated(block, firstPage, endPage, side);
      },
      discarded: (range, side) => this.judge.discarded(range, side),
      attributesSet: ({ firstGfn, endGfn }) => {
        this.judge.attributesSet(firstGfn, endGfn);
        if (this.migration.isRunning) this.#noteGfnsChanged(firstGfn, endGfn);
      },
      convertedInPlace: (range, side) => {
        this.judge.convertedInPlace(range, side);
        if (this.migration.isRunning) this.#notePagesChanged(range);
      },
    };
  }

  #noteGfnsChanged(firstGfn: number, endGfn: number): void {
    for (const span of this.layout.spans) {
      if (!span.isRom) this.migration.noteChanged(firstOfGfns(span, firstGfn), endOfGfns(span, endGfn));
    }
  }

  #notePagesChanged({ block, firstPage, endPage }: PageRange): void {
    for (const span of this.layout.spans) {
      if (span.section.block === block) this.migration.noteChanged(firstOfPages(span, firstPage), endOfPages(span, endPage));
    }
  }

  /** Blocks, then the plug sources a design takes; a design that takes none has no virtio-mem in its worlds. */
  #build(host: Host): PlugSources {
    for (const block of this.memory.blocks) {
      if (!isManaged(block)) continue;
      if (block.hasGuestMemfd) this.#takeDiscardCount();
      const status = this.instance.addBlock(block);
      if (status !== 0) throw new PortError(`addBlock refused ${block.name} with ${statusText(status)}; no guest can start`);
    }
    const { spec, memory, layout, instance } = this;
    return new PlugSources({
      spec,
      memory,
      layout,
      instance,
      host,
      steps: this.#parts.deviceSteps,
      isMigrating: () => this.isMigrating,
      memslots: { show: (section) => this.#showMemslot(section), hide: (section) => this.#hideMemslot(section) },
      onChange: (range, isPlugged) => this.#changePlugged(range, isPlugged),
    });
  }

  /** Every attached device follows the new section, or none does. */
  #showMemslot(section: Section): Status {
    this.log({ kind: 'section-added', section: section.name, firstGfn: section.firstGfn, pageCount: section.pageCount });
    this.preemption?.atEvent();
    const following = this.containers.filter(({ listener }) => listener.isAttached);
    for (const [at, { listener, tdisp }] of following.entries()) {
      const instance = tdisp === undefined ? this.instance : subscribingDevice(this.instance, tdisp);
      const status = listener.addSection(section, instance);
      if (status === 0) continue;
      this.limitReached = status === -ERRNO.ENOSPC && !this.judge.someCallWasRefused;
      for (const earlier of following.slice(0, at)) earlier.listener.removeSection(section);
      this.log({ kind: 'section-removed', section: section.name });
      return status;
    }
    return 0;
  }

  #hideMemslot(section: Section): void {
    for (const { listener } of this.containers) if (listener.isAttached) listener.removeSection(section);
    this.log({ kind: 'section-removed', section: section.name });
    this.preemption?.atEvent();
  }

  #pinHolders(block: RamBlock, page: number): string[] {
    const frame = this.memory.backing(block, page, 'shared');
    const names: string[] = [];
    this.layout.forEachRunOfBlock(block, page, page + 1, (span, position) => {
      for (const { name, pins, kernel, viommu } of this.containers) {
        const holds = pins && kernel.translate(gfnOf(span, position)) === frame;
        const isGuests = viommu !== undefined && [...viommu.mappings.values()].includes(position);
        if (holds || isGuests) names.push(name);
      }
    });
    return names;
  }

  #takeDiscardCount(): void {
    const { coordination } = this.memory;
    if (this.strategy.discardRequirement === 'require') coordination.require(true);
    if (this.strategy.discardRequirement === 'coordinated') coordination.coordinatedRequire(true);
  }

  #changePlugged(range: PageRange, isPlugged: boolean): void {
    const { block, firstPage, endPage } = range;
    if (this.#record) this.log({ kind: isPlugged ? 'plugged' : 'unplugged', block: block.name, firstPage, endPage });
    else this.pass();
    this.judge.plugged(range, isPlugged);
    this.preemption?.atEvent();
  }
}
