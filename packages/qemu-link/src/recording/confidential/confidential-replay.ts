// SPDX-License-Identifier: MIT
/**
 * Walks a confidential guest's recording from its first line to its last: sorts what QEMU did into the request it belongs
 * to, and has the model carry each request out when it is over.
 *
 * Lifecycle: starting (slots, devices of the command line) -> running (conversions, virtio-mem requests, devices that
 * come, resets; what lies between goes to BetweenRequests) -> over, from the shutdown on.
 * Requests overlap only where vCPUs convert at the same time, or while a device comes; messages of a device that comes
 * during a conversion are left out as a race.
 */
import { effectOf, ioasName, KVM, type RecordedEffect } from '../effect.ts';
import type { Ledger } from '../ledger.ts';
import type { MmioRange } from '../machine.ts';
import type { ModelParts } from '../model-parts.ts';
import type { RecordedLine } from '../recorded-line.ts';
import type { LostServer, TapeItem } from '../tape.ts';
import { Arrivals } from './arrivals.ts';
import { BetweenRequests } from './between-requests.ts';
import { BlockRequests } from './block-requests.ts';
import { ConfidentialGuest } from './confidential-guest.ts';
import { Conversions } from './conversions.ts';
import { isExit } from './exit.ts';
import { deviceConfig, type GuestFacts, requestedSize } from './guest-facts.ts';
import { playRequest, type ReplayContext } from './replay-context.ts';
import type { Slot } from './slot-table.ts';
import { StartAttributes } from './start-attributes.ts';
import { newRunState, tracedRange, tracedRequest } from './trace-text.ts';

interface Reset {
  readonly items: TapeItem[];
  /** Slots that were set again. */
  readonly slots: Slot[];
}

/** How far a traced time may be off. */
const CLOCK_SLACK_US = 1000;
/** What a device's connection and the event of its end may lie apart. */
const DELETED_WITHIN_US = 100_000;
const START = 'start of the guest';

export class ConfidentialReplay {
  readonly #lines: readonly RecordedLine[];
  readonly #facts: GuestFacts;
  readonly #context: ReplayContext;
  readonly #conversions: Conversions;
  readonly #arrivals: Arrivals;
  readonly #blockRequests: BlockRequests;
  #reset: Reset | undefined = undefined;
  #phase: 'starting' | 'running' | 'over' = 'starting';
  #measuresFirmware = false;
  readonly #startAttributes = new StartAttributes();
  /** Devices that a mark takes away and that are still there. */
  readonly #leaving = new Set<string>();
  readonly #mmio = new Map<string, MmioRange>();

  constructor(lines: readonly RecordedLine[], facts: GuestFacts, parts: ModelParts, ledger: Ledger) {
    this.#lines = lines;
    this.#facts = facts;
    const guest = new ConfidentialGuest(facts, parts);
    this.#context = { guest, ledger, between: new BetweenRequests(guest, ledger) };
    this.#conversions = new Conversions(this.#context);
    this.#arrivals = new Arrivals(this.#context);
    this.#blockRequests = new BlockRequests(this.#context);
  }

  run(): void {
    for (const [index, line] of this.#lines.entries()) {
      if (index === this.#facts.runsFrom) this.#start(line.number);
      const effect = effectOf(line);
      if (effect === undefined) this.#event(line, index);
      else this.#effect(effect);
    }
    this.#end(this.#lines.at(-1)!.number);
  }

  #start(line: number): void {
    this.#phase = 'running';
    this.#measuresFirmware = false;
    for (const { line: number, text } of this.#startAttributes.missing) {
      this.#context.ledger.mismatch({ line: number, request: START, expected: 'nothing', got: `${KVM} ${text}` });
    }
    this.#arrivals.start(line);
  }

  // --- effects ---------------------------------------------------------------------------------

  #effect(effect: RecordedEffect): void {
    const { ledger, between } = this.#context;
    const isFirmware = this.#measuresFirmware && this.#isWholeSlot(effect);
    if (this.#phase === 'over') ledger.leaveOut('after the shutdown');
    else if (isFirmware) ledger.leaveOut('firmware measured');
    else if (this.#phase === 'starting' && effect.actor === KVM) this.#startEffect(effect);
    else {
      const window = this.#windowOf(effect);
      if (window === undefined) between.effect(effect);
      else window.items.push(effect);
    }
  }

  #startEffect(effect: RecordedEffect): void {
    const isRight = effect.kind === 'attributes' ? this.#startAttributes.take(effect) : !this.#measuresFirmware;
    if (isRight) this.#context.ledger.leaveOut('start');
    else {
      const expected = `${KVM} ${effect.text}`;
      this.#context.ledger.mismatch({ line: effect.line, request: START, expected, got: 'nothing' });
    }
  }

  /** The shared side of a slot's memory goes, all of it. */
  #isWholeSlot({ actor, kind, first, end }: RecordedEffect): boolean {
    if (actor !== KVM || kind === 'attributes') return false;
    return this.#facts.slots.slots.some(({ gpa, offset, size }) => {
      const start = kind === 'punch' ? offset : gpa;
      return start === first && start + size === end;
    });
  }

  /** The request an effect belongs to. vCPUs carry out conversions, QEMU's main thread everything else. */
  #windowOf(effect: RecordedEffect): { readonly items: TapeItem[] } | undefined {
    const { thread } = effect;
    const arrival = this.#arrivals.of(effect.actor);
    if (thread !== undefined && thread !== this.#facts.mainThread) {
      return this.#conversions.onThread(thread) ?? this.#blockRequests.current ?? arrival ?? this.#reset;
    }
    if (arrival !== undefined) return arrival;
    if (this.#reset !== undefined) return this.#context.between.behindIommu.has(effect.actor) ? undefined : this.#reset;
    const conversion = thread === undefined ? this.#conversions.around(effect) : undefined;
    return conversion ?? this.#blockRequests.current;
  }

  // --- events ----------------------------------------------------------------------------------

  #event(line: RecordedLine, index: number): void {
    if (line.src === KVM) this.#kvmEvent(line);
    else if (line.src === 'trace') this.#traced(line, index);
    else if (line.src === 'mark') this.#mark(line);
    else if (line.src === 'qmp') this.#qmpEvent(line, index);
    else if (line.src === 'qemu') this.#printed(line);
    else this.#serverEvent(line, index);
  }

  #kvmEvent(line: RecordedLine): void {
    if (line.ev === 'tdx-init-mem') this.#measuresFirmware = true;
    else if (line.ev === 'ioas') this.#arrive(line, ioasName(line), 'iommufd');
    else if (line.ev === 'bind') this.#arrivals.completeIoas(line.number);
    else if (line.ev === 'attach') this.#arrivals.join(line);
    else if (isExit(line)) this.#enter(line);
    else if (line.ev === 'reenter') this.#conversions.reenter(line);
    else if (line.ev.startsWith('exit-')) this.#context.ledger.leaveOut(line.ev);
    else if (line.ev === 'madvise') this.#context.ledger.leaveOut('memory of no slot');
    else if (this.#phase === 'running') this.#slotEvent(line);
    else if (this.#phase === 'starting' && line.ev === 'slot') this.#startAttributes.slot(line);
  }

  #enter(exit: RecordedLine): void {
    this.#settleOthers(exit.number);
    this.#conversions.enter(exit, this.#arrivals.openNames);
    this.#arrivals.race();
  }

  /** What is over when something else begins. */
  #settleOthers(line: number): void {
    this.#arrivals.completeIoas(line);
    this.#closeReset(line);
    if (this.#phase === 'running') this.#context.between.resolve(line);
  }

  #slotEvent(line: RecordedLine): void {
    const takesSlot = line.ev === 'slot' && line.address('size') === 0n && this.#blockRequests.current === undefined;
    if (line.ev === 'create-vm' || takesSlot) this.#openReset(line);
    const slot = this.#facts.slots.apply(line);
    if (slot === undefined) return;
    this.#context.guest.renewSlot(slot);
    if (this.#reset === undefined) this.#context.between.note({ kind: 'slot', first: slot.gpa, end: slot.gpa + slot.size });
    else if (slot.guestMemfd >= 0) this.#reset.slots.push(slot);
  }

  #traced(line: RecordedLine, index: number): void {
    const state = newRunState(line);
    if (state === 'internal-error') this.#stop(line, index);
    if (state === 'shutdown') this.#shutDown(line.number);
    if (this.#phase !== 'running' && !line.ev.startsWith('vfio_listener_region_')) return;
    const request = tracedRequest(line);
    if (request !== undefined) {
      const late = this.#context.between.takeLate(line.us - CLOCK_SLACK_US, ({ actor }) => actor === KVM);
      this.#settleOthers(line.number);
      this.#blockRequests.begin(request, late);
    } else if (line.ev === 'virtio_mem_state_response') this.#blockRequests.tellState(line);
    else if (line.ev === 'virtio_mem_send_response') this.#blockRequests.respond(line);
    else if (line.ev === 'virtio_balloon_handle_output') this.#context.between.note({ kind: 'balloon' });
    else if (line.ev.startsWith('vfio_listener_region_')) this.#region(line);
  }

  #stop(line: RecordedLine, index: number): void {
    if (this.#conversions.openCount === 0) return;
    const later = this.#lines.slice(index + 1);
    const rebuilt = later.findIndex(({ ev }) => ev === 'create-vm');
    this.#conversions.stop(line, rebuilt === -1 ? later : later.slice(0, rebuilt));
  }

  /** What a device's address space shows: MMIO is skipped there, IOMMU regions take the place of memory. */
  #region(line: RecordedLine): void {
    const { between, guest } = this.#context;
    const range = tracedRange(line);
    if (line.ev === 'vfio_listener_region_add_iommu') {
      this.#arrivals.showIommu();
      between.note({ kind: 'iommu-on' });
    }
    if (line.ev === 'vfio_listener_region_del_iommu') between.note({ kind: 'iommu-off' });
    if (range === undefined) return;
    if (line.ev === 'vfio_listener_region_del') between.note({ kind: 'region-gone', ...range });
    if (line.ev !== 'vfio_listener_region_skip') return;
    const key = `${range.first} ${range.end}`;
    const gfns = { firstGfn: Number(range.first / 4096n), endGfn: Number((range.end + 4095n) / 4096n) };
    if (line.text('text').includes('region_add')) this.#mmio.set(key, gfns);
    else this.#mmio.delete(key);
    guest.machine.mmio = [...this.#mmio.values()];
  }

  #mark(line: RecordedLine): void {
    const { between, guest } = this.#context;
    this.#arrivals.completeIoas(line.number);
    if (this.#phase === 'running') between.resolve(line.number);
    const [, leaving] = /\bdevice_del (\S+)/.exec(line.ev) ?? [];
    if (leaving !== undefined && guest.machine.containers.has(leaving)) this.#leaving.add(leaving);
    const config = deviceConfig(line);
    const size = requestedSize(line.ev);
    if (config !== undefined) guest.configure(config);
    else if (size !== undefined) guest.requestSize(size);
  }

  #qmpEvent(line: RecordedLine, index: number): void {
    if (line.ev !== 'event') return;
    const event = line.text('event');
    // The device may be gone for QEMU before the end of its connection is seen.
    if (event === 'DEVICE_DELETED' && this.#phase === 'running') this.#deleted(line);
    if (event === 'RESET') this.#closeReset(line.number);
    if (event === 'STOP') this.#stop(line, index);
    if (event === 'SHUTDOWN') this.#shutDown(line.number);
  }

  /** QEMU says that a connection broke but not which; clear where there is one device. */
  #printed(line: RecordedLine): void {
    if (line.ev === 'exit') this.#shutDown(line.number);
    if (line.ev !== 'stderr' || !/server disconnected|bad header size/.test(line.text('text'))) return;
    const [name, ...others] = this.#context.guest.machine.containers.names('vfio-user');
    if (name !== undefined && others.length === 0) this.#lose({ kind: 'lost', actor: name, line: line.number, us: line.us });
  }

  #serverEvent(line: RecordedLine, index: number): void {
    if (line.ev === 'connect') this.#arrive(line, line.src, 'vfio-user');
    if (line.ev === 'GET_INFO') this.#arrivals.complete(line.src, line.number);
    if (line.ev === 'disconnect' && this.#phase === 'running') this.#disconnected(line, index);
    const config = line.src === 'vmem' ? deviceConfig(line) : undefined;
    if (config !== undefined) this.#context.guest.configure(config);
  }

  #arrive(line: RecordedLine, name: string, backend: 'vfio-user' | 'iommufd'): void {
    this.#leaving.delete(name);
    this.#arrivals.completeIoas(line.number);
    if (this.#phase === 'running') this.#context.between.resolve(line.number);
    this.#conversions.raceWith(name);
    this.#arrivals.begin(name, backend, this.#conversions.openCount > 0);
  }

  /** The end of a device that went, of one that QEMU did not take, or of a server alone. */
  #disconnected(line: RecordedLine, index: number): void {
    const { src, number, us } = line;
    const { guest, between } = this.#context;
    if (this.#arrivals.refuse(src, number) || !guest.machine.containers.has(src)) return;
    const isBusy = this.#conversions.openCount > 0 || this.#blockRequests.current !== undefined;
    const isLeaving = this.#leaving.delete(src) || this.#isDeletedSoon(line, index);
    if (!isBusy) {
      if (isLeaving) this.#noteLeaving(src);
      between.resolve(number);
    }
    if (!guest.machine.containers.has(src)) return;
    if (between.behindIommu.delete(src)) guest.machine.containers.detach(src);
    else this.#lose({ kind: 'lost', actor: src, line: number, us });
  }

  #deleted(line: RecordedLine): void {
    const name = deletedDevice(line);
    const isBusy = this.#conversions.openCount > 0 || this.#blockRequests.current !== undefined;
    if (name === undefined || isBusy || !this.#context.guest.machine.containers.has(name)) return;
    this.#leaving.delete(name);
    this.#noteLeaving(name);
    this.#context.between.resolve(line.number);
  }

  /** One whose server was lost before goes in silence, and one behind a vIOMMU has no section to lose. */
  #noteLeaving(name: string): void {
    const { guest, between } = this.#context;
    const isSilent = guest.machine.containers.lost.has(name) || between.behindIommu.has(name);
    if (!isSilent) between.note({ kind: 'goes', name });
  }

  /** QEMU tells the end of a device right after that of its connection. */
  #isDeletedSoon({ src, us }: RecordedLine, index: number): boolean {
    for (const later of this.#lines.slice(index + 1)) {
      if (later.us - us > DELETED_WITHIN_US || later.src === 'mark' || later.ev === 'connect') return false;
      if (deletedDevice(later) === src) return true;
    }
    return false;
  }

  #lose(server: LostServer): void {
    const isBusy = this.#conversions.openCount > 0 || this.#blockRequests.current !== undefined;
    if (!isBusy) this.#context.guest.machine.containers.lost.add(server.actor);
    this.#conversions.lose(server);
    this.#blockRequests.lose(server);
  }

  // --- reset and end ---------------------------------------------------------------------------

  #openReset(line: RecordedLine): void {
    if (this.#reset !== undefined) return;
    this.#settleOthers(line.number);
    // Nobody enters the old VM again.
    this.#conversions.stop(line, []);
    this.#reset = { items: [], slots: [] };
  }

  #closeReset(endLine: number): void {
    this.#measuresFirmware = false;
    const reset = this.#reset;
    if (reset === undefined) return;
    this.#reset = undefined;
    const { items, slots } = reset;
    const work = (): void => this.#context.guest.reset(slots);
    playRequest(this.#context, { request: 'reset', kind: 'reset', items, endLine, work });
    this.#context.between.resolve(endLine);
  }

  #shutDown(line: number): void {
    this.#end(line);
    this.#phase = 'over';
  }

  #end(line: number): void {
    if (this.#phase !== 'running') return;
    this.#settleOthers(line);
    this.#conversions.giveUp();
    this.#blockRequests.giveUp();
  }
}

/** The device of an event DEVICE_DELETED. */
function deletedDevice(line: RecordedLine): string | undefined {
  if (line.src !== 'qmp' || line.ev !== 'event' || line.text('event') !== 'DEVICE_DELETED') return undefined;
  const name = line.object('data')?.['device'];
  return typeof name === 'string' ? name : undefined;
}
