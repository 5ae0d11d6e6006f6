// SPDX-License-Identifier: MIT
import type { Strategy } from '@sda-lab/guest-memory';
import { multiSourceRdm } from '@sda-lab/rdm-manager';
import type { MappingDoor } from '@sda-lab/vfio-mock';
import { type DeviceSteps, QEMU_STEPS } from '@sda-lab/virtio-mem';

/** What a replay is made of; replaced only to plant faults. */
export interface ModelParts {
  readonly strategy: Strategy;
  readonly deviceSteps: DeviceSteps;
  /** Stands between a container's listener and the recording. */
  readonly wrapDoor: (door: MappingDoor, container: string) => MappingDoor;
}

export const QEMU_11_1_PARTS: ModelParts = {
  strategy: multiSourceRdm,
  deviceSteps: QEMU_STEPS,
  wrapDoor: (door) => door,
};
