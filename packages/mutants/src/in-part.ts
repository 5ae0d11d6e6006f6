// SPDX-License-Identifier: MIT
/** What mutants have in common whose mistake is a step of the manager, of virtio-mem or of the listener. */
import type { Strategy } from '@sda-lab/guest-memory';
import { createMultiSourceRdm, type ManagerSteps, multiSourceRdm, QEMU_11_1_STEPS } from '@sda-lab/rdm-manager';
import { type ListenerSteps, QEMU_LISTENER_STEPS } from '@sda-lab/vfio-mock';
import { type DeviceSteps, QEMU_STEPS } from '@sda-lab/virtio-mem';
import type { Mutant } from './mutant.ts';

type Common = Pick<Mutant, 'where' | 'carrier' | 'strategy' | 'parts'>;

export function inManager(wrong: Partial<ManagerSteps>): Common {
  const strategy = { ...multiSourceRdm, create: createMultiSourceRdm({ ...QEMU_11_1_STEPS, ...wrong }) };
  return { where: 'manager', carrier: multiSourceRdm, strategy };
}

export function inDevice(carrier: Strategy, wrong: Partial<DeviceSteps>): Common {
  return { where: 'virtio-mem', carrier, strategy: carrier, parts: { deviceSteps: { ...QEMU_STEPS, ...wrong } } };
}

export function inListener(carrier: Strategy, wrong: Partial<ListenerSteps>): Common {
  const parts = { listenerSteps: { ...QEMU_LISTENER_STEPS, ...wrong } };
  return { where: 'listener', carrier, strategy: carrier, parts };
}
