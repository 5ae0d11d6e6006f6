// SPDX-License-Identifier: MIT
import type { PageContainer } from '../page-container.ts';
import { createCompatDoor } from './create-compat-door.ts';
import { createIommufdDoor } from './create-iommufd-door.ts';
import { createType1Door } from './create-type1-door.ts';
import { Ioas } from './ioas.ts';
import type { IoctlDoor } from './ioctl-door.ts';
import { PageAreas } from './page-areas.ts';
import { createVfioUserDoor } from './vfio-user-door.ts';

/** The ioctl door of a container stored in pages, by the interface its backend speaks. */
export function createPageDoor(container: PageContainer): IoctlDoor {
  const { traits, geometry } = container;
  switch (traits.door) {
    case 'type1':
      return createType1Door(container);
    case 'vfio-user':
      return createVfioUserDoor(container);
    case 'iommufd':
      return createIommufdDoor(
        ioasOf(container),
        container.dirty,
        (fd) => container.memory.checkFile?.(fd) ?? 0,
      );
    case 'compat':
      return createCompatDoor(ioasOf(container), geometry.pageSizes);
  }
}

function ioasOf(container: PageContainer): Ioas {
  const ioas = new Ioas(new PageAreas(container), container.traits);
  ioas.adoptDomain(container.geometry);
  return ioas;
}
