// SPDX-License-Identifier: MIT
import type { Instance, Section } from '@sda-lab/guest-memory';
import { createVirtioMem, type DeviceSteps, type VirtioMem, type VirtioMemOptions } from '@sda-lab/virtio-mem';
import type { Layout } from './layout.ts';
import type { WorldSpec } from './world-spec.ts';

export interface AttachedDevices {
  readonly devices: readonly VirtioMem[];
  /** Sections of devices the design refused. */
  readonly absent: readonly Section[];
}

/** Makes each virtio-mem device of a world and offers it to the strategy as a plug source. */
export function attachDevices(
  spec: WorldSpec,
  layout: Layout,
  instance: Instance,
  parts: Pick<VirtioMemOptions, 'host' | 'events' | 'isMigrating'>,
  steps?: DeviceSteps,
): AttachedDevices {
  const devices: VirtioMem[] = [];
  const absent: Section[] = [];
  for (const { section, deviceIndex } of layout.spans) {
    if (deviceIndex === -1) continue;
    const { name, block, firstGfn, pageCount } = section;
    const { blockPages } = spec.vmem[deviceIndex]!;
    const options = { name, block, firstGfn, blockPages, requestedPages: pageCount, scaled: true, ...parts };
    const device = createVirtioMem(options, steps);
    if (instance.attachSource(block, device) === 0) devices.push(device);
    else absent.push(section);
  }
  return { devices, absent };
}
