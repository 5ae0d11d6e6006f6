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
  type ConversionRequest,
  type GuestMemory,
  type Host,
  type Instance,
  type PlugEvents,
  type Section,
  type Strategy,
} from '@sda-lab/guest-memory';
import type { DeviceSteps, VirtioMem } from '@sda-lab/virtio-mem';
import type { Operation } from '../history/operation.ts';
import { Before } from '../judge/before.ts';
import { Judge, type OperationUnderWay, type PositionRun } from '../judge/judge.ts';
import { Accesses } from './accesses.ts';
import { attachDevices } from './attach-devices.ts';
import { buildLayout } from './build-layout.ts';
import { callEvent, type WorldEvent } from './event.ts';
import type { Layout } from './layout.ts';
import { createWorldContainer, type WorldContainer } from './world-container.ts';
import { createWorldHost } from './world-host.ts';
import type { WorldSpec } from './world-spec.ts';

/** Parts of the machine that are replaced only to plant faults; QEMU's own unless given. */
export interface WorldParts {
  readonly deviceSteps?: DeviceSteps;
}

export interface MachineOptions {
  /** Additions of the strategy that are left out. */
  readonly without?: ReadonlySet<string>;
  /** Keep every event; costs memory. @defaultValue false */
  readonly record?: boolean;
  readonly parts?: WorldParts;
}

export class Machine {
  readonly spec: WorldSpec;
  readonly strategy: Strategy;
  readonly memory: GuestMemory;
  readonly layout: Layout;
  readonly instance: Instance;
  readonly containers: readonly WorldContainer[];
  readonly devices: readonly VirtioMem[];
  readonly judge: Judge;
  readonly accesses: Accesses;
  readonly events: WorldEvent[] = []; // Empty unless `record` was asked for.
  /** Refused requests that wait for a retry, oldest first. */
  readonly retries: Operation[] = [];
  isStopped = false; // A refused conversion stopped the VM.
  hasEnded = false; // The VMM is gone, or a reset shut the guest down; later operations do nothing.
  isMigrating = false;
  /** Faults were lifted and refused requests are being repeated: a refusal now is not remembered again. */
  isHealing = false;
  operationIndex = -1;
  readonly #parts: WorldParts;
  readonly #record: boolean;
  /** Sections of devices the design refused: holes in its guests. */
  #absent: readonly Section[] = [];

  constructor(spec: WorldSpec, strategy: Strategy, options: MachineOptions) {
    this.spec = spec;
    this.strategy = strategy;
    this.#record = options.record ?? false;
    this.#parts = options.parts ?? {};
    const { memory, layout } = buildLayout(spec);
    this.memory = memory;
    this.layout = layout;
    this.containers = spec.containers.map((container, at) => this.#createContainer(container, at));
    this.judge = new Judge(memory, layout, this.containers);
    this.accesses = new Accesses(memory, layout, (event) => this.log(event));
    this.#observeMemory();
    const host = createWorldHost(memory, (event) => this.log(event), (reason) => this.exit(reason));
    this.instance = strategy.create(host, options.without ?? new Set());
    this.devices = this.survive(() => this.#build(host), []);
  }

  /** A strategy that throws has ended the VMM; nothing of it escapes. */
  survive<T>(act: () => T, otherwise: T): T {
    try {
      return act();
    } catch (error) {
      this.exit(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
      return otherwise;
    }
  }

  /** An operation, or one request of it, begins: its positions are in transit until `judge.end`. */
  begin(kind: OperationUnderWay['kind'], positions: readonly PositionRun[]): Before {
    this.judge.begin({ index: this.operationIndex, kind, positions });
    return new Before(this.memory, this.layout, this.judge, this.containers.length, positions);
  }

  stop(): void {
    this.isStopped = true;
    this.judge.isLatent = true;
  }

  exit(reason: string): void {
    this.log({ kind: 'exit', reason });
    this.judge.report('nonfatal', { reason: 'vmm-ended', detail: reason });
    this.hasEnded = true;
  }

  log(event: WorldEvent): void {
    // What the code of a dead VMM still runs through here is no event of the machine.
    if (this.#record && !this.hasEnded) this.events.push(event);
  }

  container(name: string): WorldContainer {
    return this.containers.find((container) => container.name === name)!;
  }

  /** A run of positions cut where guest physical addresses or sections are not consecutive, as a guest has to. */
  partsOf(run: PositionRun): PositionRun[] {
    const parts: PositionRun[] = [];
    for (let first = run.first; first < run.end; ) {
      const span = this.layout.spanAt(first);
      const end = Math.min(run.end, span.firstPosition + span.section.pageCount);
      parts.push({ first, end });
      first = end;
    }
    return parts;
  }

  /** Whether any of the pages belongs to a device the design refused. */
  isAbsent(run: PositionRun): boolean {
    return (
      this.#absent.length > 0 &&
      this.partsOf(run).some(({ first }) => this.#absent.includes(this.layout.spanAt(first).section))
    );
  }

  #createContainer(spec: WorldSpec['containers'][number], at: number): WorldContainer {
    return createWorldContainer({
      spec,
      memory: this.memory,
      profile: this.strategy.listener,
      entryLimit: this.spec.limit,
      observe: (call, wasInjected) => {
        if (this.hasEnded) return;
        this.log(callEvent(spec.name, call));
        this.judge.called(at, call, wasInjected);
      },
    });
  }

  #observeMemory(): void {
    this.memory.observer = {
      populated: (block, page, side, frame) => {
        this.log({ kind: 'populate', block: block.name, page, side, frame });
        this.judge.populated(block, page, side);
      },
      discarded: (range, side) => this.judge.discarded(range, side),
      attributesSet: ({ firstGfn, endGfn }) => this.judge.attributesSet(firstGfn, endGfn),
      convertedInPlace: (range, side) => this.judge.convertedInPlace(range, side),
    };
  }

  /** Blocks, then the plug sources a design takes; a design that takes none has no virtio-mem in its worlds. */
  #build(host: Host): readonly VirtioMem[] {
    for (const block of this.memory.blocks) {
      if (!block.hasGuestMemfd) continue;
      this.#takeDiscardCount();
      this.instance.addBlock(block);
    }
    const { devices, absent } = attachDevices(
      this.spec,
      this.layout,
      this.instance,
      { host, events: this.#plugEvents(), isMigrating: () => this.isMigrating },
      this.#parts.deviceSteps,
    );
    for (const section of absent) this.memory.addressSpace.remove(section);
    this.#absent = absent;
    return devices;
  }

  #takeDiscardCount(): void {
    const { coordination } = this.memory;
    if (this.strategy.discardRequirement === 'require') coordination.require(true);
    if (this.strategy.discardRequirement === 'coordinated') coordination.coordinatedRequire(true);
  }

  /** The strategy's plug events, with the judge told when a block's state changed. */
  #plugEvents(): PlugEvents {
    const { plug } = this.instance;
    return {
      ...plug,
      plugged: (source, range) => {
        this.#changePlugged(range, true);
        plug.plugged(source, range);
      },
      unplugged: (source, range) => {
        this.#changePlugged(range, false);
        plug.unplugged(source, range);
      },
    };
  }

  #changePlugged(range: ConversionRequest['pages'], isPlugged: boolean): void {
    const { block, firstPage, endPage } = range;
    this.log({ kind: isPlugged ? 'plugged' : 'unplugged', block: block.name, firstPage, endPage });
    this.judge.plugged(range, isPlugged);
  }
}
