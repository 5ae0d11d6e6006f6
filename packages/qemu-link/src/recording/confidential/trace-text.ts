// SPDX-License-Identifier: MIT
/**
 * What QEMU's own trace says, as far as the replay of a confidential guest needs it.
 * Source: the trace-events files of QEMU 10.2.2 (hw/virtio, hw/vfio, system); unchanged in 11.1.3 but for the name of
 * ram_block_discard_shared_range.
 */
import type { RecordedLine } from '../recorded-line.ts';

/** A request on a virtio-mem device's queue. UNPLUG_ALL names no address. */
export interface TracedRequest {
  readonly type: 'PLUG' | 'UNPLUG' | 'STATE' | 'UNPLUG_ALL';
  readonly addr: bigint;
  readonly nbBlocks: number;
}

/** Half-open. */
export interface AddressRange {
  readonly first: bigint;
  readonly end: bigint;
}

const REQUESTS = {
  virtio_mem_plug_request: 'PLUG',
  virtio_mem_unplug_request: 'UNPLUG',
  virtio_mem_state_request: 'STATE',
  virtio_mem_unplug_all_request: 'UNPLUG_ALL',
} as const;

export function tracedRequest(line: RecordedLine): TracedRequest | undefined {
  if (line.src !== 'trace' || !Object.hasOwn(REQUESTS, line.ev)) return undefined;
  const type = REQUESTS[line.ev as keyof typeof REQUESTS];
  const [, addr = '0x0', count = '0'] = /addr=(0x[0-9a-f]+) nb_blocks=(\d+)/.exec(line.text('text')) ?? [];
  return { type, addr: BigInt(addr), nbBlocks: Number(count) };
}

/** `SKIPPING region_add A - B` and `region_del A - B`, both ends included there. */
export function tracedRange(line: RecordedLine): AddressRange | undefined {
  const [, first, last] = /(0x[0-9a-f]+) - (0x[0-9a-f]+)/.exec(line.text('text')) ?? [];
  return first === undefined || last === undefined ? undefined : { first: BigInt(first), end: BigInt(last) + 1n };
}

/** Shared memory discarded, by its address in the process. */
export function tracedDiscard(line: RecordedLine): (AddressRange & { readonly isFile: boolean }) | undefined {
  if (line.src !== 'trace' || !/^ram_block_discard(?:_shared)?_range$/.test(line.ev)) return undefined;
  const form = /@(0x[0-9a-f]+) \+ (0x[0-9a-f]+): madvise: \d fallocate: (\d)/;
  const [, first, size, isFile] = form.exec(line.text('text')) ?? [];
  if (first === undefined || size === undefined) return undefined;
  return { first: BigInt(first), end: BigInt(first) + BigInt(size), isFile: isFile === '1' };
}

/** `name=N` of a trace line. */
export function tracedNumber(line: RecordedLine, name: string): number | undefined {
  const [, digits] = new RegExp(`\\b${name}=(\\d+)`).exec(line.text('text')) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** The state QEMU goes to. */
export function newRunState(line: RecordedLine): string | undefined {
  if (line.src !== 'trace' || line.ev !== 'runstate_set') return undefined;
  return /new_state \d+ \(([^)]+)\)/.exec(line.text('text'))?.[1];
}
