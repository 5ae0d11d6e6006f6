// SPDX-License-Identifier: MIT
/**
 * What a world is made of, as data. Everything else about it follows from this, the strategy and the history.
 */
import type { BackendId } from '@sda-lab/vfio-mock';
import * as v from 'valibot';

/** The kernel interfaces QEMU uses by default and by choice; reports lead with them. */
export const KERNEL_BACKENDS = ['type1v2', 'iommufd'] as const;

/** Backends a world can be run on. */
export const WORLD_BACKENDS = [
  ...KERNEL_BACKENDS,
  'type1',
  'iommufd-compat-v1',
  'iommufd-compat-v2',
  'vfio-user',
  'vfio-user-strict',
] as const satisfies readonly BackendId[];
export type WorldBackend = (typeof WORLD_BACKENDS)[number];

/** Pages of a world in exact storage, and so of one that a history names. */
export const MAX_WORLD_PAGES = 1 << 22;

/** Pages of a world in run-length storage. Each has two identities for its frames, which stay below 2^31. */
export const MAX_RUN_LENGTH_PAGES = 1 << 29;

/** Containers that are not plain ones: behind a vIOMMU, or of a device with trusted IO. */
export const CONTAINER_KINDS = ['viommu', 'tdisp'] as const;

const containerSchema = v.strictObject({
  name: v.pipe(v.string(), v.regex(/^c\d+$/)),
  backend: v.picklist(WORLD_BACKENDS),
  /** Pages of the smallest IOMMU page; 1 when left out. */
  iommuPages: v.optional(
    v.pipe(
      v.number(),
      v.safeInteger(),
      v.minValue(2),
      v.maxValue(512),
      v.check((pages) => (pages & (pages - 1)) === 0, 'Invalid value: Expected a power of two'),
    ),
  ),
  kind: v.optional(v.picklist(CONTAINER_KINDS)),
});

const vmemSchema = v.strictObject({
  blockCount: v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(65535)),
  blockPages: v.pipe(
    v.number(),
    v.safeInteger(),
    v.minValue(1),
    v.maxValue(1 << 18),
    v.check((pages) => (pages & (pages - 1)) === 0, 'Invalid value: Expected a power of two'),
  ),
  /** Blocks per dynamic memslot, which is a section only while something is plugged in it; one lasting section when left out. */
  memslotBlocks: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(65535))),
  /** A second plug source for the block of this device, which joins with `add-source`; a block of its own when left out. */
  over: v.optional(v.pipe(v.string(), v.regex(/^m\d+$/))),
  /** Its block has no guest_memfd: all pages are shared and stay so. */
  shared: v.optional(v.literal(true)),
});

/** Firmware ends below the ROM and stays above the MSI window. */
export const MAX_FIRMWARE_PAGES = 4096;

export const worldSchema = v.strictObject({
  regime: v.optional(v.picklist(['two-backend', 'in-place']), 'two-backend'),
  containers: v.optional(v.array(containerSchema), [{ name: 'c0', backend: 'type1v2' }]),
  /** Pages of boot RAM; two sections (below and above 4 GiB) show them when there are two or more. */
  pages: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_RUN_LENGTH_PAGES)), 8),
  /** virtio-mem devices, each with a block of RAM of its own above boot RAM. */
  vmem: v.optional(v.array(vmemSchema), []),
  /** Pages of a firmware block with guest_memfd right below the ROM; 0 for none. */
  firmware: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(MAX_FIRMWARE_PAGES)), 0),
  /** Which section with guest_memfd grants no writes. */
  readonly: v.optional(v.picklist(['none', 'firmware']), 'none'),
  /** Pages per huge page of boot RAM's shared side (scaled down from 512); 1 for none. */
  hugetlb: v.optional(
    v.pipe(
      v.number(),
      v.safeInteger(),
      v.minValue(1),
      v.maxValue(1 << 18),
      v.check((pages) => (pages & (pages - 1)) === 0, 'Invalid value: Expected a power of two'),
    ),
    1,
  ),
  /** What the VMM does when a conversion fails with anything but EAGAIN: stop the VM, or hand the error to the guest. */
  onRefusal: v.optional(v.picklist(['stop', 'retry']), 'stop'),
  /** Names the harm in explanations, and says which sides a TDISP device is given: both (snp), shared only (tdx). */
  tee: v.optional(v.picklist(['none', 'tdx', 'snp']), 'none'),
  /** dma_entry_limit of type1 containers; raised by default so that it does not decide. */
  limit: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(0xffffffff)), 0xffffffff),
});

export type WorldSpec = v.InferOutput<typeof worldSchema>;
export type WorldInput = v.InferInput<typeof worldSchema>;
export type ContainerSpec = WorldSpec['containers'][number];
export type VmemSpec = WorldSpec['vmem'][number];

/** The defaults filled in. */
export function worldSpec(input: WorldInput = {}): WorldSpec {
  return v.parse(worldSchema, input);
}

/** Whether a container's device is given private pages as well as shared ones. */
export function wantsBothSides({ tee }: WorldSpec, { kind }: ContainerSpec): boolean {
  return kind === 'tdisp' && tee === 'snp';
}

/** What a world has that no released system offers, in words for every output that names it; undefined: nothing. */
export function hypotheticalPart(world: WorldSpec): string | undefined {
  const container = world.containers.find((one) => wantsBothSides(world, one));
  if (container === undefined) return undefined;
  return `${container.name} maps private guest_memfd, as SEV-TIO would; no released kernel does`;
}

/** Guest pages that operations can name: boot RAM first, then firmware, then each virtio-mem device's own pages. */
export function positionCount(spec: WorldSpec): number {
  const ownPages = spec.vmem.map(({ blockCount, blockPages, over }) => (over === undefined ? blockCount * blockPages : 0));
  return ownPages.reduce((sum, pages) => sum + pages, spec.pages + spec.firmware);
}

/** The device whose block a device decides over: itself, unless it is a second source. */
export function ownerOf(spec: WorldSpec, deviceIndex: number): number {
  const { over } = spec.vmem[deviceIndex]!;
  return over === undefined ? deviceIndex : Number(over.slice(1));
}
