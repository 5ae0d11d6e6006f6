// SPDX-License-Identifier: MIT

/** Every kernel interface (or server) the mock answers for. The last two exist for checking recordings only. */
export const BACKEND_IDS = [
  'type1',
  'type1v2',
  'iommufd',
  'iommufd-compat-v1',
  'iommufd-compat-v2',
  'vfio-user',
  'vfio-user-strict',
  'iommufd-mock-domain',
  'iommufd-ioas',
] as const;

export type BackendId = (typeof BACKEND_IDS)[number];

/** Backends a guest world can attach devices through. */
export const WORLD_BACKEND_IDS: readonly BackendId[] = BACKEND_IDS.slice(0, 7);

/** Kernels whose answers differ somewhere in the model; 7.2 is the one most recordings come from. */
export const KERNEL_VERSIONS = ['6.1', '6.12', '7.2', '7.3'] as const;

export type KernelVersion = (typeof KERNEL_VERSIONS)[number];
