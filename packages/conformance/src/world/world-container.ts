// SPDX-License-Identifier: MIT
/**
 * One container of a world: the kernel side, QEMU's listener before it, and whether a device is attached.
 */
import { type GuestMemory, type ListenerProfile } from '@sda-lab/guest-memory';
import { ContainerListener, createContainer, type IommuContainer, type ListenerCall } from '@sda-lab/vfio-mock';
import type { WatchedContainer } from '../judge/watched-container.ts';
import type { ContainerSpec } from './world-spec.ts';

/** KVM on x86 offers this many memslots; QEMU's limit check adds them to the worst case. */
export const KVM_MEMSLOTS = 32764;

export interface WorldContainer extends WatchedContainer {
  readonly kernel: IommuContainer;
  readonly listener: ContainerListener;
  attached: boolean;
}

export interface WorldContainerOptions {
  readonly spec: ContainerSpec;
  readonly memory: GuestMemory;
  readonly profile: ListenerProfile;
  readonly entryLimit: number;
  readonly observe: (call: ListenerCall, wasInjected: boolean) => void;
}

export function createWorldContainer(options: WorldContainerOptions): WorldContainer {
  const { spec, memory, profile, entryLimit, observe } = options;
  const kernel = createContainer(spec.backend, { memory, name: spec.name, dmaEntryLimit: entryLimit });
  const listener = new ContainerListener({
    name: spec.name,
    door: kernel,
    profile,
    unmapShape: kernel.traits.unmapShape,
    masksEnoent: kernel.traits.qemuMasksEnoent,
    memslotCount: KVM_MEMSLOTS,
    dmaMaxMappings: kernel.traits.entryLimit === Infinity ? 0 : entryLimit,
    observe: (call) => observe(call, wasInjected(kernel, call)),
  });
  return {
    name: spec.name,
    kernel,
    listener,
    attached: false,
    isAttached() {
      return this.attached;
    },
    pins: kernel.traits.pins,
    isMapped: (gfn) => kernel.isMapped(gfn),
    translate: (gfn) => kernel.translate(gfn),
    isWritable: (gfn) => kernel.isWritable(gfn),
    forEachMapping: (emit) => kernel.forEachMapping(emit),
  };
}

/** Whether the fault plan, not the kernel, refused a call. */
function wasInjected(kernel: IommuContainer, call: ListenerCall): boolean {
  const { faults } = kernel;
  return call.status !== 0 && faults.passes(call.kind) === 0 && faults.status(call.kind) === call.status;
}

