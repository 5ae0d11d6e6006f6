// SPDX-License-Identifier: MIT
/**
 * Recordings whose marks carry answers: seeded requests to one virtio-mem device with vfio-user devices, or devices of an
 * iommufd, coming and going; no guest. A mark closes its request; the messages since the mark before belong to it.
 *
 * Compared: messages that touch the device's region, in order, and the answer. Left out: everything below and above the
 * region (RAM, ROM and what the firmware does to them). A mark with an answer that names no known request is a mismatch.
 */
import { PAGE_BYTES, type RamBlock } from '@sda-lab/guest-memory';
import { RecordingError } from '@sda-lab/vfio-mock';
import { type Answer, type VirtioMem, VirtioMemRefusal } from '@sda-lab/virtio-mem';
import { iommufdDevicesOf, type VirtioMemFacts, virtioMemOf } from './command-line.ts';
import { MarkedDevices } from './marked-devices.ts';
import { effectOf } from '../effect.ts';
import { buildModel, followModel } from '../follow-model.ts';
import { Ledger, type QemuRecordingReport } from '../ledger.ts';
import { Machine } from '../machine.ts';
import type { ModelParts } from '../model-parts.ts';
import type { RecordedLine } from '../recorded-line.ts';
import { Tape, type TapeItem } from '../tape.ts';

/** Throws a `RecordingError` where the recording does not say which device it is about. */
export function checkMarks(lines: readonly RecordedLine[], parts: ModelParts): QemuRecordingReport {
  const started = lines.find((line) => line.src === 'qemu' && line.has('cmd'));
  if (started === undefined) {
    const { number } = lines.find(hasAnswer)!;
    throw new RecordingError(number, 1, 'marks carry answers, but no line of "qemu" has the command line in "cmd"');
  }
  const commandLine = started.text('cmd');
  const facts = virtioMemOf(commandLine);
  if (facts === undefined) {
    const wanted = 'one virtio-mem-pci device, the size of its memory backend and -m';
    throw new RecordingError(started.number, 1, `"cmd" must have ${wanted}: marks do not say which device they ask`);
  }
  const ledger = new Ledger();
  buildModel(ledger, lines, () => new MarkReplay(facts, iommufdDevicesOf(commandLine), parts, ledger))?.run(lines);
  return ledger.report();
}

export function hasAnswer(line: RecordedLine): boolean {
  return line.src === 'mark' && line.has('resp');
}

class MarkReplay {
  readonly #ledger: Ledger;
  readonly #machine: Machine;
  readonly #device: VirtioMem;
  readonly #devices: MarkedDevices;
  readonly #first: bigint;
  readonly #end: bigint;
  /** Since the last mark. */
  #items: TapeItem[] = [];

  constructor(facts: VirtioMemFacts, iommufdIds: readonly string[], parts: ModelParts, ledger: Ledger) {
    this.#ledger = ledger;
    this.#machine = new Machine(parts, { host: false, sharedPunches: false });
    this.#devices = new MarkedDevices(this.#machine, iommufdIds);
    this.#first = facts.baseBytes;
    this.#end = facts.baseBytes + BigInt(facts.regionPages * PAGE_BYTES);
    const block = this.#machine.addBlock('virtio-mem', facts.regionPages, false, { isFile: facts.isFile });
    this.#device = this.#addDevice(facts, block);
  }

  #addDevice(facts: VirtioMemFacts, block: RamBlock): VirtioMem {
    const { regionPages, blockPages, requestedPages, blocksPerMemslot } = facts;
    const firstGfn = Number(facts.baseBytes / BigInt(PAGE_BYTES));
    const place = { name: 'virtio-mem', block, firstGfn, blockPages, requestedPages };
    if (blocksPerMemslot !== undefined) {
      const host = this.#machine.memslotHost(firstGfn);
      return this.#machine.addVirtioMem({ ...place, memslots: { blocksPerMemslot, host } });
    }
    const device = this.#machine.addVirtioMem(place);
    const section = { name: 'virtio-mem', block, firstPage: 0, pageCount: regionPages, firstGfn, readonly: false };
    this.#machine.addSection(section);
    return device;
  }

  run(lines: readonly RecordedLine[]): void {
    const firstMark = lines.findIndex(hasAnswer);
    const started = lines.findIndex((line) => line.src === 'qemu' && line.ev === 'ready');
    for (const [index, line] of lines.entries()) {
      if (index === started || (started === -1 && index === firstMark)) this.#startDevices(line);
      if (hasAnswer(line)) this.#request(line);
      else this.#collect(line);
    }
    this.#ledger.leaveOut('after the last request', this.#items.filter(({ kind }) => kind !== 'lost').length);
  }

  #collect(line: RecordedLine): void {
    this.#devices.see(line);
    // Also written when a device goes, and sometimes late: only one that is there can lose its server.
    if (line.ev === 'disconnect' && this.#machine.containers.has(line.src)) {
      this.#items.push({ kind: 'lost', actor: line.src, line: line.number, us: line.us });
    }
    const effect = effectOf(line);
    if (effect === undefined) return;
    if (effect.first < this.#end && this.#first < effect.end) this.#items.push(effect);
    else this.#ledger.leaveOut('outside the device');
  }

  /** Devices of the command line: they are there before the first request, and find nothing plugged. */
  #startDevices(line: RecordedLine): void {
    if (!this.#devices.hasArrived) return;
    this.#play('devices of the command line', line, undefined, () => this.#devices.start());
  }

  #request(mark: RecordedLine): void {
    const asked = mark.ev.replace(/^op \d+ /, '');
    const request = requestOf(asked);
    if (request === undefined) {
      const [line, expected] = [mark.number, `answer ${mark.text('resp')}`];
      this.#ledger.mismatch({ request: mark.ev, line, expected, got: 'no request that is known here' });
      this.#ledger.leaveOut(`request ${asked.split(' ')[0] ?? ''}`, this.#items.length);
      this.#forget();
      return;
    }
    // The connection ends because the device goes, after its unmaps: that excuses none of them.
    const { leaving } = request;
    if (leaving !== undefined) this.#items = this.#items.filter((item) => item.kind !== 'lost' || item.actor !== leaving);
    this.#play(mark.ev, mark, request.kind, () => request.apply(this.#devices, this.#device));
  }

  #play(request: string, mark: RecordedLine, kind: string | undefined, work: () => Answer | void): void {
    const failed = kind !== undefined && mark.text('resp') === 'BUSY';
    const options = { endLine: mark.number, endUs: mark.us, failed, lost: this.#machine.containers.lost };
    const tape = new Tape(this.#items, options);
    const model = followModel(tape, () => this.#machine.play(tape, work)) ?? '-';
    const answers = kind === undefined ? {} : { answers: { recorded: mark.text('resp'), model } };
    this.#ledger.settle({ request, ...(kind === undefined ? {} : { kind }), endLine: mark.number, tape, ...answers });
    this.#forget();
  }

  #forget(): void {
    this.#items = [];
    this.#devices.forget();
  }
}

interface MarkedRequest {
  readonly kind: string;
  /** The device's answer; none where QEMU itself was asked. */
  readonly apply: (devices: MarkedDevices, device: VirtioMem) => Answer | void;
  /** The device that goes. */
  readonly leaving?: string;
}

const RANGE = /^(PLUG|UNPLUG|STATE) (\d+)\+(\d+)$/;

function requestOf(asked: string): MarkedRequest | undefined {
  const [, type, first, count] = RANGE.exec(asked) ?? [];
  if (type !== undefined) {
    const [firstBlock, blockCount] = [Number(first), Number(count)];
    const calls = {
      PLUG: (device: VirtioMem) => device.plug(firstBlock, blockCount),
      UNPLUG: (device: VirtioMem) => device.unplug(firstBlock, blockCount),
      STATE: (device: VirtioMem) => device.queryState(firstBlock, blockCount).answer,
    };
    return { kind: type, apply: (_, device) => calls[type as keyof typeof calls](device) };
  }
  if (asked === 'UNPLUG_ALL') return { kind: asked, apply: (_, device) => device.unplugAll() };
  if (/^(?:system_)?reset$/.test(asked)) return { kind: 'reset', apply: (_, device) => device.systemReset() };
  const [, blocks] = /^requested(?:-size)?=(\d+)$/.exec(asked) ?? [];
  if (blocks !== undefined) return { kind: 'requested', apply: (_, device) => setRequested(device, Number(blocks)) };
  const [, verb, name] = /^(device_add|device_del) (\S+)$/.exec(asked) ?? [];
  if (verb === undefined || name === undefined) return undefined;
  if (verb === 'device_add') return { kind: verb, apply: (devices) => devices.add(name) };
  return { kind: verb, leaving: name, apply: (devices) => devices.remove(name) };
}

/** In blocks. What QEMU does not take changes nothing. */
function setRequested(device: VirtioMem, blocks: number): void {
  try {
    device.setRequestedPages(blocks * device.granulePages);
  } catch (error) {
    if (!(error instanceof VirtioMemRefusal)) throw error;
  }
}
