// SPDX-License-Identifier: MIT
/**
 * One guest at work: its memory and layout, one strategy instance, containers, virtio-mem devices, the event log and
 * the judge over all of it.
 *
 * Lifecycle: built (blocks added, plug sources attached) -> operations, one after the other -> `finish` (everything
 * detached, counts back to zero). An operation a guest makes on a page is cut where guest physical addresses are not
 * consecutive, as a guest has to. `onRefusal: stop`: a conversion refused with anything but -EAGAIN stops the VM;
 * what follows is still done, and what the judge then finds is latent. A refused request is retried when faults heal.
 */
import {
  type ConversionRequest,
  convertMemory,
  ERRNO,
  type GuestMemory,
  type Host,
  type Instance,
  PAGE_BYTES,
  type PlugEvents,
  type RamBlock,
  type Section,
  type Side,
  type Status,
  statusText,
  type Strategy,
} from '@sda-lab/guest-memory';
import type { VirtioMem } from '@sda-lab/virtio-mem';
import type { Operation } from '../history/operation.ts';
import { reportAudit } from '../judge/report-audit.ts';
import { Before } from '../judge/before.ts';
import { lookThrough } from '../judge/look-through.ts';
import { findLateDifference } from '../judge/late-attach.ts';
import { Judge, type OperationUnderWay, type PositionRun } from '../judge/judge.ts';
import { Accesses } from './accesses.ts';
import { attachDevices } from './attach-devices.ts';
import { buildLayout } from './build-layout.ts';
import { callEvent, type WorldEvent } from './event.ts';
import { blockPageOf, gfnOf, type Layout, positionsOf } from './layout.ts';
import { createWorldHost } from './world-host.ts';
import { createWorldContainer, type WorldContainer } from './world-container.ts';
import type { WorldSpec } from './world-spec.ts';

/** What an operation answered: a status as text (`0`, `-EAGAIN`), a virtio-mem answer, or why it was not done. */
export type Answer = string;

const SIDES = ['shared', 'private'] as const;
const NO_DEVICE: Answer = 'no such device in this design';

export class World {
  readonly spec: WorldSpec;
  readonly memory: GuestMemory;
  readonly layout: Layout;
  readonly instance: Instance;
  readonly containers: readonly WorldContainer[];
  readonly devices: readonly VirtioMem[];
  readonly judge: Judge;
  readonly events: WorldEvent[] = []; // Empty unless `record` was asked for.
  isStopped = false; // A refused conversion stopped the VM.
  hasEnded = false; // The VMM is gone, or a reset shut the guest down; later operations do nothing.
  readonly #strategy: Strategy;
  readonly #record: boolean;
  /** Sections of devices the design refused: holes in its guests. */
  #absent: readonly Section[] = [];
  readonly #accesses: Accesses;
  readonly #retries: Operation[] = [];
  #isMigrating = false;
  #isHealing = false;
  #operationIndex = -1;

  constructor(spec: WorldSpec, strategy: Strategy, options: { without?: ReadonlySet<string>; record?: boolean } = {}) {
    this.spec = spec;
    this.#strategy = strategy;
    this.#record = options.record ?? false;
    const { memory, layout } = buildLayout(spec);
    this.memory = memory;
    this.layout = layout;
    this.containers = spec.containers.map((container, at) =>
      createWorldContainer({
        spec: container,
        memory,
        profile: strategy.listener,
        entryLimit: spec.limit,
        observe: (call, wasInjected) => {
          if (this.hasEnded) return;
          this.#log(callEvent(container.name, call));
          this.judge.called(at, call, wasInjected);
        },
      }),
    );
    this.judge = new Judge(memory, layout, this.containers);
    this.#accesses = new Accesses(memory, layout, (event) => this.#log(event));
    this.#observeMemory();
    const host = createWorldHost(memory, (event) => this.#log(event), (reason) => this.#exit(reason));
    this.instance = strategy.create(host, options.without ?? new Set());
    this.devices = this.#survive(() => this.#build(host), []);
  }

  /** Performs one operation and lets the judge look at what it did. */
  apply(operation: Operation): Answer {
    this.#operationIndex += 1;
    if (this.hasEnded) return 'the guest is gone';
    return this.#survive(() => this.#apply(operation), 'the VMM died');
  }

  /**
   * The end of a history: migration over, faults lifted, refused requests retried, containers detached, and nothing may
   * be left. Call once.
   */
  finish(): void {
    if (this.hasEnded) return;
    this.#operationIndex += 1;
    this.#survive(() => this.#wrapUp(), undefined);
  }

  /** A strategy that throws has ended the VMM; nothing of it escapes. */
  #survive<T>(act: () => T, otherwise: T): T {
    try {
      return act();
    } catch (error) {
      this.#exit(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
      return otherwise;
    }
  }

  #wrapUp(): void {
    this.#begin('other', []);
    this.#isMigrating = false;
    this.#heal();
    reportAudit(this.judge, this.memory, this.layout, this.containers);
    for (const container of this.containers) if (container.attached) this.#detach(container);
    this.#begin('other', []);
    const { uncoordinatedDisabled } = this.memory.coordination;
    if (uncoordinatedDisabled !== 0) {
      this.judge.report('hotplug', { reason: 'counter-left', detail: `uncoordinatedDisabled=${uncoordinatedDisabled}` });
    }
  }

  /** Refused requests that wait for a retry. */
  get pendingCount(): number {
    return this.#retries.length;
  }

  #apply(operation: Operation): Answer {
    if (this.#namesAbsent(operation)) return NO_DEVICE;
    switch (operation.op) {
      case 'convert':
        return this.#convert(operation);
      case 'plug':
      case 'unplug':
      case 'unplug-all':
        return this.#requestPlug(operation);
      case 'attach':
        return this.#attach(this.#container(operation.container));
      case 'detach':
        return this.#detachOperation(this.#container(operation.container));
      case 'refuse':
        this.#container(operation.container).kernel.faults.refuse(operation.call, operation.k, ERRNO[operation.errno]);
        return '0';
      case 'heal':
        return this.#heal();
      case 'dma':
        return this.#dma(this.#container(operation.container), operation.page, operation.access);
      case 'touch':
        return this.#touch(operation.page);
      case 'balloon':
        return this.#balloon(operation.page, operation.count);
      case 'migrate':
        return this.#migrate(operation.step);
      case 'dump':
        return this.#lookThrough('dump', 'live');
      case 'reset':
        return this.#reset();
    }
  }

  /** One guest request per run of consecutive guest physical addresses; the first refusal ends the operation. */
  #convert(operation: Extract<Operation, { op: 'convert' }>): Answer {
    const run = { first: operation.page, end: operation.page + operation.count };
    for (const part of this.#parts(run)) {
      const before = this.#begin('convert', [part]);
      const status = this.#convertPart(part, operation.to);
      const rest = { ...operation, page: part.first, count: run.end - part.first };
      this.#settle(rest, statusText(status), status === 0, status === -ERRNO.EAGAIN, before);
      if (status === 0) continue;
      if (status !== -ERRNO.EAGAIN && this.spec.onRefusal === 'stop') this.#stop();
      return statusText(status);
    }
    return '0';
  }

  #convertPart(part: PositionRun, to: Side): Status {
    const span = this.layout.spanAt(part.first);
    return convertMemory(
      this.memory,
      this.instance,
      this.#strategy.requestPath,
      BigInt(gfnOf(span, part.first)) * BigInt(PAGE_BYTES),
      BigInt(part.end - part.first) * BigInt(PAGE_BYTES),
      to,
    );
  }

  #requestPlug(operation: Extract<Operation, { op: 'plug' | 'unplug' | 'unplug-all' }>): Answer {
    const at = Number(operation.device.slice(1));
    const device = this.devices[at];
    if (device === undefined) return NO_DEVICE;
    const before = this.#begin('plug', [this.#blocksOf(operation, at)]);
    const answer =
      operation.op === 'unplug-all'
        ? device.unplugAll()
        : device[operation.op](operation.block, operation.count);
    const isBusy = answer === 'BUSY' && !this.#isMigrating;
    return this.#settle(operation, answer, answer === 'ACK', isBusy, before);
  }

  /** The positions of a plug request, as far as the device has them. */
  #blocksOf(operation: Extract<Operation, { op: 'plug' | 'unplug' | 'unplug-all' }>, at: number): PositionRun {
    const { firstPosition, section } = this.layout.spans.find(({ deviceIndex }) => deviceIndex === at)!;
    const last = firstPosition + section.pageCount;
    // With nothing plugged the device acknowledges an unplug-all by itself and touches nothing.
    const isIdle = operation.op === 'unplug-all' && this.devices[at]!.pluggedPages === 0;
    if (operation.op === 'unplug-all') return { first: isIdle ? last : firstPosition, end: last };
    const { blockPages } = this.spec.vmem[at]!;
    const first = Math.min(firstPosition + operation.block * blockPages, last);
    return { first, end: Math.min(first + operation.count * blockPages, last) };
  }

  /** Ends an operation that a guest asked for: judges a refusal, and remembers it for a retry. */
  #settle(operation: Operation, answer: Answer, succeeded: boolean, mayRetry: boolean, before: Before): Answer {
    // Stopping is the VMM's decision after the fact: what a refusal that stops the VM left behind is latent.
    const stops = !succeeded && !mayRetry && operation.op === 'convert' && this.spec.onRefusal === 'stop';
    if (stops) this.judge.isLatent = true;
    const difference = succeeded ? undefined : before.difference(this.memory, this.layout, this.judge, this.containers.length);
    if (!succeeded) this.judge.witnesses.see('atomic');
    const isPartial = difference !== undefined && mayRetry && this.judge.undoWasRefused;
    if (difference !== undefined && !isPartial) {
      this.judge.report('atomic', { reason: 'refused-but-changed', ...difference });
    }
    this.judge.end(succeeded ? 'succeeded' : isPartial ? 'partial' : 'refused');
    const wanted = mayRetry || (operation.op === 'convert' && !succeeded);
    if (wanted && !this.#isHealing) this.#retries.push(operation);
    return answer;
  }

  /** Lifts every fault; the guest repeats what was refused, oldest first, and each must succeed now. */
  #heal(): Answer {
    for (const { kernel } of this.containers) kernel.faults.heal();
    const retries = this.#retries.splice(0);
    this.#isHealing = true;
    for (const operation of retries) {
      this.judge.witnesses.see('progress');
      const answer = this.#apply(operation);
      if (answer === 'BUSY' && this.#isMigrating) {
        this.#retries.push(operation);
        continue;
      }
      // NACK and ERROR to a plug retry: a later request of the guest made it pointless, which the device says.
      if (['0', 'ACK', 'NACK', 'ERROR'].includes(answer)) continue;
      this.judge.report('progress', { reason: 'retry-refused', detail: answer });
    }
    this.#isHealing = false;
    return retries.length === 0 ? '0' : `0, ${retries.length} retried`;
  }

  #attach(container: WorldContainer): Answer {
    if (container.attached) return 'attached already';
    this.#begin('other', []);
    if (this.#hasSharedPage()) this.judge.witnesses.see('hotplug');
    this.judge.witnesses.see('coordinated');
    const status = container.listener.attach(this.memory.addressSpace, this.instance, this.memory.coordination);
    if (this.hasEnded) return 'the VMM is gone';
    if (status !== 0) {
      this.#checkNothingLeft(container);
      this.judge.end('refused');
      return statusText(status);
    }
    container.attached = true;
    this.judge.touchEverything();
    this.judge.end('succeeded');
    const difference = findLateDifference(this.judge, this.layout, this.containers, container);
    if (difference !== undefined) this.judge.report('hotplug', difference);
    return '0';
  }

  #detachOperation(container: WorldContainer): Answer {
    if (!container.attached) return 'not attached';
    this.#detach(container);
    return '0';
  }

  #detach(container: WorldContainer): void {
    this.#begin('other', []);
    container.listener.detach(this.memory.coordination);
    container.attached = false;
    this.#checkNothingLeft(container);
    this.judge.end('succeeded');
  }

  /** QEMU closes the container after its listener is gone; what the kernel then still held is what was forgotten. */
  #checkNothingLeft(container: WorldContainer): void {
    const { kernel, name } = container;
    const left = kernel.mappingCount;
    if (left > 0 && kernel.faults.passes('unmap') > 0) {
      this.judge.report('hotplug', { reason: 'left-behind', container: name, detail: `${left} mapping(s)` });
    }
    if (left > 0) kernel.unmapAll();
    this.judge.reread(this.containers.indexOf(container));
  }

  #dma(container: WorldContainer, page: number, access: 'read' | 'write'): Answer {
    return container.attached ? this.#look(() => this.#accesses.dma(container, page, access)) : 'not attached';
  }

  /** The guest writes a fresh value to a page, on the side it uses. */
  #touch(page: number): Answer {
    return this.judge.isPlugged(page) ? this.#look(() => this.#accesses.touch(page)) : 'unplugged';
  }

  #look(access: () => Answer): Answer {
    this.#begin('other', []);
    const answer = access();
    this.judge.end('succeeded');
    return answer;
  }

  /** virtio-balloon inflates: it discards directly and asks the coordination counts only. */
  #balloon(page: number, count: number): Answer {
    this.judge.witnesses.see('coordinated');
    if (this.memory.coordination.isDisabled) return 'inhibited';
    const run = { first: page, end: page + count };
    this.#begin('other', [run]);
    const isAttached = this.containers.some(({ attached }) => attached);
    if (isAttached) {
      this.judge.report('coordinated', { reason: 'uncoordinated-discard', position: page, detail: 'the balloon' });
    }
    for (const part of this.#parts(run)) {
      const span = this.layout.spanAt(part.first);
      const firstPage = blockPageOf(span, part.first);
      const range = { block: span.section.block, firstPage, endPage: firstPage + part.end - part.first };
      this.memory.discard(range, 'shared');
      if (this.spec.regime === 'two-backend') this.memory.discard(range, 'private');
    }
    this.judge.end('succeeded');
    return '0';
  }

  #migrate(step: 'start' | 'finish'): Answer {
    if (step === 'finish') {
      this.#isMigrating = false;
      return '0';
    }
    this.#isMigrating = true;
    // Migration of confidential guests is blocked upstream.
    return this.#lookThrough('migrate', 'latent');
  }

  #lookThrough(view: 'dump' | 'migrate', reach: 'live' | 'latent'): Answer {
    this.#begin('other', []);
    const { shownCount, difference } = lookThrough(this.memory, this.layout, this.instance, this.judge, view);
    if (difference !== undefined) this.judge.report('consumers-see', difference, reach);
    this.judge.end('succeeded');
    return `0, ${shownCount} pages`;
  }

  /** QEMU <= 10.2 shuts a confidential guest down; later versions rebuild the VM, all private. */
  #reset(): Answer {
    if (this.#strategy.capabilities.reset === 'shutdown') {
      for (const container of this.containers) if (container.attached) this.#detach(container);
      this.hasEnded = true;
      return 'shutdown';
    }
    const everything = { first: 0, end: this.layout.positionCount };
    const before = this.#begin('convert', [everything]);
    const status = this.instance.reset();
    if (status !== 0) return this.#settle({ op: 'reset' }, statusText(status), false, true, before);
    for (const block of this.memory.blocks) if (block.hasGuestMemfd) this.#rebuild(block);
    this.judge.forgetPending();
    this.#retries.length = 0;
    this.judge.end('succeeded');
    this.#begin('plug', this.layout.spans.filter(({ deviceIndex }) => deviceIndex !== -1).map(positionsOf));
    for (const device of this.devices) device.systemReset();
    this.judge.end('succeeded');
    return '0';
  }

  #rebuild(block: RamBlock): void {
    this.memory.rebuild(block);
    for (const side of SIDES) {
      this.#log({ kind: 'discard', block: block.name, firstPage: 0, endPage: block.pageCount, side, status: 0 });
    }
  }

  #begin(kind: OperationUnderWay['kind'], positions: readonly PositionRun[]): Before {
    this.judge.begin({ index: this.#operationIndex, kind, positions });
    return new Before(this.memory, this.layout, this.judge, this.containers.length, positions);
  }

  #stop(): void {
    this.isStopped = true;
    this.judge.isLatent = true;
  }

  #exit(reason: string): void {
    this.#log({ kind: 'exit', reason });
    this.judge.report('nonfatal', { reason: 'vmm-ended', detail: reason });
    this.hasEnded = true;
  }

  /** A run of positions cut where guest physical addresses or sections are not consecutive. */
  #parts(run: PositionRun): PositionRun[] {
    const parts: PositionRun[] = [];
    for (let first = run.first; first < run.end; ) {
      const span = this.layout.spanAt(first);
      const end = Math.min(run.end, span.firstPosition + span.section.pageCount);
      parts.push({ first, end });
      first = end;
    }
    return parts;
  }

  #hasSharedPage(): boolean {
    return this.layout.spans.some((span) => !span.isRom && this.judge.hasDue(span));
  }

  #container(name: string): WorldContainer {
    return this.containers.find((container) => container.name === name)!;
  }

  #log(event: WorldEvent): void {
    // What the code of a dead VMM still runs through here is no event of the machine.
    if (this.#record && !this.hasEnded) this.events.push(event);
  }

  #observeMemory(): void {
    this.memory.observer = {
      populated: (block, page, side, frame) => {
        this.#log({ kind: 'populate', block: block.name, page, side, frame });
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
    const { devices, absent } = attachDevices(this.spec, this.layout, this.instance, {
      host,
      events: this.#plugEvents(),
      isMigrating: () => this.#isMigrating,
    });
    for (const section of absent) this.memory.addressSpace.remove(section);
    this.#absent = absent;
    return devices;
  }

  #namesAbsent(operation: Operation): boolean {
    if (this.#absent.length === 0 || !('page' in operation)) return false;
    const count = 'count' in operation ? operation.count : 1;
    return this.#parts({ first: operation.page, end: operation.page + count }).some(({ first }) =>
      this.#absent.includes(this.layout.spanAt(first).section),
    );
  }

  #takeDiscardCount(): void {
    const { coordination } = this.memory;
    if (this.#strategy.discardRequirement === 'require') coordination.require(true);
    if (this.#strategy.discardRequirement === 'coordinated') coordination.coordinatedRequire(true);
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
    this.#log({ kind: isPlugged ? 'plugged' : 'unplugged', block: block.name, firstPage, endPage });
    this.judge.plugged(range, isPlugged);
  }
}
