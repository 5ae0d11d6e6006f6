// SPDX-License-Identifier: MIT
import { BACKEND_IDS, type BackendId, KERNEL_VERSIONS } from './backend-id.ts';
import { ByteContainer } from './byte-container.ts';
import { ContainerOptionsError } from './container-options-error.ts';
import { areRangesOrdered, type Geometry } from './geometry.ts';
import type { ContainerOptions, IommuContainer } from './iommu-container.ts';
import { PageContainer } from './page-container.ts';

/** dma_entry_limit is an unsigned int. */
const LARGEST_ENTRY_LIMIT = 2 ** 32 - 1;

/**
 * Opens a container of a backend. Limits are read now, as the kernel does when the file is opened. Throws a
 * `ContainerOptionsError` for options no kernel could have.
 */
export function createContainer(backend: BackendId, options: ContainerOptions): IommuContainer {
  checkOptions(backend, options);
  const isByteGranular = backend === 'iommufd-mock-domain' || backend === 'iommufd-ioas';
  return isByteGranular ? new ByteContainer(backend, options) : new PageContainer(backend, options);
}

function checkOptions(backend: BackendId, options: ContainerOptions): void {
  const { kernel = '7.2', dmaEntryLimit = 0, memlock, geometry } = options;
  if (!BACKEND_IDS.includes(backend)) {
    throw new ContainerOptionsError('backend', backend, `one of ${BACKEND_IDS.join(', ')}`);
  }
  if (!KERNEL_VERSIONS.includes(kernel)) {
    throw new ContainerOptionsError('kernel', kernel, `one of ${KERNEL_VERSIONS.join(', ')}`);
  }
  const isLimit = Number.isInteger(dmaEntryLimit) && dmaEntryLimit >= 0;
  if (!isLimit || dmaEntryLimit > LARGEST_ENTRY_LIMIT) {
    throw new ContainerOptionsError('dmaEntryLimit', dmaEntryLimit, `a whole number up to ${LARGEST_ENTRY_LIMIT}`);
  }
  const limitPages = memlock?.limitPages ?? 0;
  if (!(limitPages === Infinity || (Number.isInteger(limitPages) && limitPages >= 0))) {
    throw new ContainerOptionsError('memlock.limitPages', limitPages, 'a whole number of pages, or Infinity');
  }
  if (geometry !== undefined) checkGeometry(geometry);
}

function checkGeometry({ name, pageSizes, ranges }: Geometry): void {
  if (pageSizes <= 0n || !areRangesOrdered(ranges)) {
    const right = 'page sizes above 0 and ascending ranges that neither overlap nor adjoin';
    throw new ContainerOptionsError('geometry', name, right);
  }
}
