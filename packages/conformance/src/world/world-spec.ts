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

/** Pages a small world may have, so that a history stays readable; large ones are built by the evaluation. */
export const MAX_WORLD_PAGES = 1 << 22;

const containerSchema = v.strictObject({
  name: v.pipe(v.string(), v.regex(/^c\d+$/)),
  backend: v.picklist(WORLD_BACKENDS),
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
});

export const worldSchema = v.strictObject({
  regime: v.optional(v.picklist(['two-backend', 'in-place']), 'two-backend'),
  containers: v.optional(v.array(containerSchema), [{ name: 'c0', backend: 'type1v2' }]),
  /** Pages of boot RAM; two sections (below and above 4 GiB) show them when there are two or more. */
  pages: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_WORLD_PAGES)), 8),
  /** virtio-mem devices, each with a block of RAM of its own above boot RAM. */
  vmem: v.optional(v.array(vmemSchema), []),
  /** What the VMM does when a conversion fails with anything but EAGAIN: stop the VM, or hand the error to the guest. */
  onRefusal: v.optional(v.picklist(['stop', 'retry']), 'stop'),
  /** Names the harm in explanations; changes no behaviour. */
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

/** Guest pages that operations can name: boot RAM first, then each virtio-mem device's pages. */
export function positionCount(spec: WorldSpec): number {
  return spec.vmem.reduce((sum, { blockCount, blockPages }) => sum + blockCount * blockPages, spec.pages);
}
