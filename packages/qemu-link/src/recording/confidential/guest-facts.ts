// SPDX-License-Identifier: MIT
/**
 * What a confidential guest's recording says of the guest before its requests are played: the slots it starts with, its
 * virtio-mem devices, whose memory is a file. There is no command line in it; all of this stands in what QEMU did.
 */
import type { RecordedLine } from '../recorded-line.ts';
import { hostBase, type Slot, SlotTable } from './slot-table.ts';
import { newRunState, tracedDiscard, tracedRequest } from './trace-text.ts';

export interface RecordedVirtioMem {
  readonly slot: Slot;
  readonly blockBytes: bigint;
}

export interface GuestFacts {
  /** Index of the first line at which the guest runs. */
  readonly runsFrom: number;
  readonly slots: SlotTable;
  readonly devices: readonly RecordedVirtioMem[];
  readonly isFile: (slot: Slot) => boolean;
  readonly showsSharedPunches: boolean;
  /** The thread that is no vCPU. */
  readonly mainThread: number | undefined;
}

/** What the device says of itself, in a mark or in the driver's own words. */
export interface DeviceConfig {
  readonly addr: bigint;
  readonly blockBytes: bigint;
  readonly requestedBytes: bigint;
}

/** What the host asks for from now on; `unknown` where a mark speaks of it and does not say. */
export type RequestedSize =
  | { readonly unit: 'blocks' | 'bytes'; readonly count: bigint }
  | { readonly unit: 'unknown' };

const DEFAULT_BLOCK_BYTES = 2n ** 21n;

export function readGuestFacts(lines: readonly RecordedLine[], isExit: (line: RecordedLine) => boolean): GuestFacts {
  const found = lines.findIndex((line) => newRunState(line) === 'running' || isExit(line));
  const runsFrom = found === -1 ? lines.length : found;
  const slots = new SlotTable();
  for (const line of lines.slice(0, runsFrom)) {
    if (line.src === 'kvm') slots.apply(line);
  }
  const files = fileBlocks(lines, slots);
  return {
    runsFrom,
    slots,
    devices: findDevices(lines, runsFrom, slots),
    isFile: (slot) => files.has(hostBase(slot)),
    showsSharedPunches: lines.some((line) => line.ev === 'punch' && line.text('what') !== 'guest_memfd'),
    mainThread: lines.find((line) => line.src === 'kvm' && line.has('tid'))?.count('tid'),
  };
}

/** `SAY config {...}`, or the config event of a driver. */
export function deviceConfig(line: RecordedLine): DeviceConfig | undefined {
  if (line.src === 'vmem' && line.ev === 'config' && line.has('addr')) {
    const [addr, blockBytes] = [line.address('addr'), line.address('block_size')];
    return { addr, blockBytes, requestedBytes: line.address('requested') };
  }
  const [, text] = line.src === 'mark' ? (/^(?:SAY )?config (\{.*\})\s*$/.exec(line.ev) ?? []) : [];
  if (text === undefined) return undefined;
  const field = (name: string): bigint | undefined => {
    const [, digits] = new RegExp(`"${name}":"?(0x[0-9a-f]+|\\d+)`).exec(text) ?? [];
    return digits === undefined ? undefined : BigInt(digits);
  };
  const [addr, blockBytes, requestedBytes] = [field('addr'), field('block_size'), field('requested')];
  if (addr === undefined || blockBytes === undefined || requestedBytes === undefined) return undefined;
  return { addr, blockBytes, requestedBytes };
}

/** What a mark says of the size the host asks for; undefined when it speaks of something else. */
export function requestedSize(mark: string): RequestedSize | undefined {
  if (!/requested|qom-set/.test(mark)) return undefined;
  const [, digits, unit] = /requested(?:[-_]size)?"?\s*[=:]?\s*"?(0x[0-9a-f]+|\d+)\s*([KMG]|blocks\b)?/i.exec(mark) ?? [];
  if (digits === undefined) return { unit: 'unknown' };
  const count = BigInt(digits);
  const shift = { K: 10n, M: 20n, G: 30n }[(unit ?? '').toUpperCase()];
  if (shift !== undefined) return { unit: 'bytes', count: count << shift };
  // A size in bytes is whole blocks of a MiB or more; nobody has as many blocks.
  return { unit: count < 2n ** 20n ? 'blocks' : 'bytes', count };
}

/** Blocks whose shared side is a file: a map names an offset in it, a discard punches it before it advises. */
function fileBlocks(lines: readonly RecordedLine[], slots: SlotTable): ReadonlySet<bigint> {
  const found = new Set<bigint>();
  const note = (slot: Slot | undefined): void => {
    if (slot !== undefined) found.add(hostBase(slot));
  };
  let asked: bigint | undefined;
  for (const line of lines) {
    asked = askedAddress(line, asked);
    const isAtOffset = line.ev === 'DMA_MAP' && line.has('offset') && line.address('offset') !== 0n;
    if (isAtOffset) note(slots.at(line.address('iova')));
    if (line.ev === 'punch' && line.text('what') !== 'guest_memfd' && asked !== undefined) note(slots.firstFrom(asked));
    const discard = tracedDiscard(line);
    if (discard?.isFile === true) note(slots.withHostAddress(discard.first));
  }
  return found;
}

/** What the request that is under way names. */
function askedAddress(line: RecordedLine, before: bigint | undefined): bigint | undefined {
  if (['reenter', 'virtio_mem_send_response', 'create-vm'].includes(line.ev)) return undefined;
  if (line.ev.startsWith('exit-') && line.has('gpa')) return line.address('gpa');
  const request = tracedRequest(line);
  if (request === undefined) return before;
  return request.type === 'UNPLUG_ALL' ? undefined : request.addr;
}

/** A device that shows itself neither at its start nor in a config is known by the addresses of its requests. */
function findDevices(lines: readonly RecordedLine[], runsFrom: number, slots: SlotTable): RecordedVirtioMem[] {
  const shown = [...realizedSlots(lines.slice(0, runsFrom), slots), ...lines.flatMap((line) => configSlot(line, slots))];
  const found = new Set(shown.length > 0 ? shown : lines.flatMap((line) => requestSlot(line, slots)));
  return [...found].map((slot) => ({ slot, blockBytes: blockBytesOf(lines, slot) }));
}

/** A device that is realized discards its whole block, then sizes its usable region from nothing. */
function realizedSlots(lines: readonly RecordedLine[], slots: SlotTable): Slot[] {
  const found: Slot[] = [];
  let discarded: bigint | undefined;
  for (const line of lines) {
    discarded = tracedDiscard(line)?.first ?? discarded;
    if (line.ev !== 'virtio_mem_resized_usable_region' || !/old_size=0x0(?![0-9a-f])/.test(line.text('text'))) continue;
    found.push(...slots.slots.filter(({ hva }) => hva === discarded));
  }
  return found;
}

function configSlot(line: RecordedLine, slots: SlotTable): Slot[] {
  const config = deviceConfig(line);
  const slot = config === undefined ? undefined : slots.at(config.addr);
  return slot === undefined ? [] : [slot];
}

/** Device memory lies above the RAM. */
function requestSlot(line: RecordedLine, slots: SlotTable): Slot[] {
  const request = tracedRequest(line);
  const slot = request === undefined ? undefined : slots.at(request.addr);
  return slot === undefined || slot.gpa < 2n ** 32n || slot.offset > 0n ? [] : [slot];
}

/** As the config says, else as an unplug shows, else QEMU's default. */
function blockBytesOf(lines: readonly RecordedLine[], slot: Slot): bigint {
  const isInside = (addr: bigint): boolean => slot.gpa <= addr && addr < slot.gpa + slot.size;
  for (const line of lines) {
    const config = deviceConfig(line);
    if (config !== undefined && isInside(config.addr)) return config.blockBytes;
  }
  for (const [index, line] of lines.entries()) {
    const request = tracedRequest(line);
    if (request?.type !== 'UNPLUG' || !isInside(request.addr)) continue;
    const blockBytes = discardedPerBlock(lines, index, request);
    if (blockBytes !== undefined) return blockBytes;
  }
  return DEFAULT_BLOCK_BYTES;
}

/** An unplug discards its blocks first: length by count is the block size. */
function discardedPerBlock(
  lines: readonly RecordedLine[],
  index: number,
  { addr, nbBlocks }: { readonly addr: bigint; readonly nbBlocks: number },
): bigint | undefined {
  for (const line of lines.slice(index + 1)) {
    if (line.ev === 'virtio_mem_send_response' || tracedRequest(line) !== undefined) return undefined;
    if (line.ev === 'madvise' && line.has('gpa') && line.address('gpa') === addr && nbBlocks > 0) {
      return line.address('len') / BigInt(nbBlocks);
    }
  }
  return undefined;
}
