// SPDX-License-Identifier: MIT
/** The ioctl door of a container, by the interface it speaks. Addresses are bigint up to 2^64 - 1 and never refused here. */
import type { IommufdDoor } from './iommufd-door.ts';
import type { VfioDoor } from './vfio-door.ts';
import type { VfioUserDoor } from './vfio-user-door.ts';

export type IoctlDoor = VfioDoor | IommufdDoor | VfioUserDoor;
