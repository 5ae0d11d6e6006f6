// SPDX-License-Identifier: MIT
/**
 * What a command line of QEMU says about a guest with one virtio-mem device: where the device's region lies, how it is
 * cut, what is asked for at first, whether its memory is a file.
 *
 * Source: QEMU 10.2.2 hw/i386/pc_piix.c and pc_q35.c (memory below 4 GiB), hw/i386/pc.c (device memory begins at the
 * next GiB above the RAM), hw/mem/memory-device.c (how many memslots a device may use without KVM or vhost in the way).
 * Not covered: several devices, an address of the user's choice, CXL.
 */
import { PAGE_BYTES } from '@sda-lab/guest-memory';
import { memslotLayout } from '@sda-lab/virtio-mem';

export interface VirtioMemFacts {
  readonly baseBytes: bigint;
  readonly regionPages: number;
  readonly blockPages: number;
  readonly requestedPages: number;
  /** Present with dynamic memslots. */
  readonly blocksPerMemslot?: number;
  readonly isFile: boolean;
}

const KIB = 1024n;
const MIB = KIB ** 2n;
const GIB = KIB ** 3n;
const SUFFIXES: Readonly<Record<string, bigint>> = { K: KIB, M: MIB, G: GIB, T: KIB ** 4n };
const DEFAULT_BLOCK_BYTES = 2n * MIB;
/** QEMU's soft limit of memslots for memory devices. */
const SOFT_MEMSLOT_LIMIT = 256n;

/** The virtio-mem device of a command line; undefined when there is none, or more than one. */
export function virtioMemOf(commandLine: string): VirtioMemFacts | undefined {
  const words = commandLine.split(/\s+/);
  const devices = optionsOf(words, '-device').filter((option) => option.get('') === 'virtio-mem-pci');
  const [device] = devices;
  if (device === undefined || devices.length > 1) return undefined;
  const backend = optionsOf(words, '-object').find((option) => option.get('id') === device.get('memdev'));
  const regionBytes = sizeOf(backend?.get('size'));
  const [memory] = optionsOf(words, '-m');
  if (regionBytes === undefined || memory === undefined) return undefined;
  const blockBytes = sizeOf(device.get('block-size')) ?? DEFAULT_BLOCK_BYTES;
  const ramBytes = sizeOf(memory.get('size') ?? memory.get(''), MIB) ?? 0n;
  const machine = optionsOf(words, '-machine')[0]?.get('') ?? 'pc';
  const facts = {
    baseBytes: sizeOf(device.get('memaddr')) ?? deviceMemoryBase(machine, ramBytes),
    regionPages: toPages(regionBytes),
    blockPages: toPages(blockBytes),
    requestedPages: toPages(sizeOf(device.get('requested-size')) ?? 0n),
    isFile: /^memory-backend-(?:memfd|file|shm)$/.test(backend?.get('') ?? ''),
  };
  if (device.get('dynamic-memslots') !== 'on') return facts;
  const maxBytes = sizeOf(memory.get('maxmem'), MIB) ?? ramBytes;
  const limit = memslotLimit(regionBytes, maxBytes - ramBytes);
  const { blocksPerMemslot } = memslotLayout(facts.regionPages, facts.blockPages, limit);
  return { ...facts, blocksPerMemslot };
}

/** Devices of a command line that have an iommufd, in order, as `device_del` names them. */
export function iommufdDevicesOf(commandLine: string): string[] {
  const devices = optionsOf(commandLine.split(/\s+/), '-device').filter((option) => option.has('iommufd'));
  return devices.flatMap((option) => option.get('id') ?? []);
}

/** Each value of an option, as its properties; what stands first without a name has the empty name. */
function optionsOf(words: readonly string[], option: string): Map<string, string>[] {
  return words.flatMap((word, at) => {
    const value = words[at + 1];
    if (word !== option || value === undefined) return [];
    return [value.startsWith('{') ? jsonProperties(value) : listedProperties(value)];
  });
}

function listedProperties(value: string): Map<string, string> {
  return new Map(
    value.split(',').map((text, index) => {
      const at = text.indexOf('=');
      if (at === -1) return index === 0 ? ['', text] : [text, 'on'];
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

function jsonProperties(value: string): Map<string, string> {
  try {
    const properties = Object.entries(JSON.parse(value) as Record<string, unknown>);
    const named = properties.filter(([, each]) => ['string', 'number', 'boolean'].includes(typeof each));
    return new Map(
      named.map(([name, each]) => [['driver', 'qom-type'].includes(name) ? '' : name, each === true ? 'on' : String(each)]),
    );
  } catch {
    return new Map();
  }
}

function sizeOf(text: string | undefined, unit = 1n): bigint | undefined {
  const [, digits, suffix = ''] = /^(0x[0-9a-f]+|\d+)([KMGT]?)B?$/i.exec(text ?? '') ?? [];
  if (digits === undefined) return undefined;
  return BigInt(digits) * (suffix === '' ? unit : SUFFIXES[suffix.toUpperCase()]!);
}

function toPages(bytes: bigint): number {
  return Number(bytes / BigInt(PAGE_BYTES));
}

function deviceMemoryBase(machine: string, ramBytes: bigint): bigint {
  const isQ35 = /q35/.test(machine);
  const [limit, below] = isQ35 ? [0xb0000000n, 0x80000000n] : [0xe0000000n, 0xc0000000n];
  const lowBytes = ramBytes >= limit ? below : ramBytes;
  const end = 4n * GIB + ramBytes - lowBytes;
  return ((end + GIB - 1n) / GIB) * GIB;
}

function memslotLimit(regionBytes: bigint, availableBytes: bigint): number {
  if (availableBytes < regionBytes) return 1;
  const share = (SOFT_MEMSLOT_LIMIT * regionBytes) / availableBytes;
  return share < 1n ? 1 : Number(share);
}
