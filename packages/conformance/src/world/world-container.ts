// SPDX-License-Identifier: MIT
/**
 * One container of a world: the kernel side, QEMU's listener before it, and whether a device is attached.
 *
 * As a consumer: "discarded" means not to be mapped, and a page that is mapped is one its device may reach at any time.
 * It expects to be told of every page that becomes due and of every page that stops being due, before the one is used
 * and before the other is freed. Behind a vIOMMU (viommu.ts), or for a TDISP device (tdisp-device.ts), it is another
 * consumer altogether.
 */
import { type GuestMemory, isManaged, type ListenerProfile, PAGE_BYTES, type Side } from '@sda-lab/guest-memory';
import {
  BACKEND_TRAITS,
  type BackendId,
  ContainerListener,
  createContainer,
  type Geometry,
  type IommuContainer,
  type ListenerCall,
  type ListenerSteps,
} from '@sda-lab/vfio-mock';
import type { WatchedContainer } from '../judge/watched-container.ts';
import { TdispDevice } from './consumers/tdisp-device.ts';
import { Viommu } from './consumers/viommu.ts';
import type { ContainerSpec } from './world-spec.ts';

/** KVM on x86 offers this many memslots; QEMU's limit check adds them to the worst case. */
export const KVM_MEMSLOTS = 32764;

export interface WorldContainer extends WatchedContainer {
  readonly kernel: IommuContainer;
  readonly listener: ContainerListener;
  attached: boolean;
  isLeaving: boolean;
  /** What stands between the device and guest physical addresses. */
  readonly viommu: Viommu | undefined;
  /** Who subscribes for the container, where it is not the listener. */
  readonly tdisp: TdispDevice | undefined;
}

export interface WorldContainerOptions {
  readonly spec: ContainerSpec;
  readonly memory: GuestMemory;
  readonly profile: ListenerProfile;
  readonly entryLimit: number;
  /** @defaultValue QEMU's own */
  readonly steps?: ListenerSteps;
  /** Whether private pages are mapped for its device: the design says it does so, or merely may. */
  readonly privatePages: NonNullable<WatchedContainer['privatePages']>;
  readonly observe: (call: ListenerCall, wasInjected: boolean, side: Side) => void;
}

export function createWorldContainer(options: WorldContainerOptions): WorldContainer {
  const { spec, memory, profile, entryLimit, steps, privatePages, observe } = options;
  const kernel = createContainer(spec.backend, {
    memory,
    name: spec.name,
    dmaEntryLimit: entryLimit,
    storage: memory.storage,
    ...(spec.iommuPages !== undefined && { geometry: withSmallestPage(spec.backend, spec.iommuPages) }),
  });
  const observed = (call: ListenerCall, side: Side): void => observe(call, wasInjected(kernel, call), side);
  const listener = new ContainerListener({
    name: spec.name,
    door: kernel,
    profile,
    unmapShape: kernel.traits.unmapShape,
    masksEnoent: kernel.traits.qemuMasksEnoent,
    pipelinesTransactions: kernel.traits.pipelinesTransactions,
    memslotCount: KVM_MEMSLOTS,
    smallestPages: spec.iommuPages ?? 1,
    isManaged: ({ block }) => isManaged(block),
    dmaMaxMappings: kernel.traits.entryLimit === Infinity ? 0 : entryLimit,
    observe: (call) => observed(call, 'shared'),
    ...(steps && { steps }),
  });
  const viommu = spec.kind === 'viommu' ? new Viommu(spec.name, kernel) : undefined;
  return {
    name: spec.name,
    kernel,
    listener,
    attached: false,
    isLeaving: false,
    isAttached() {
      return this.attached && viommu === undefined;
    },
    isBehindViommu: viommu !== undefined,
    viommu,
    tdisp: privatePages === 'never' ? undefined : new TdispDevice(listener, kernel, observed),
    privatePages,
    pins: kernel.traits.pins,
    isMapped: (gfn) => kernel.isMapped(gfn),
    translate: (gfn) => kernel.translate(gfn),
    isWritable: (gfn) => kernel.isWritable(gfn),
    readPages: (firstGfn, pageCount, mapped, frames, at) => kernel.readPages(firstGfn, pageCount, mapped, frames, at),
    endOfRun: (firstGfn, endGfn) => kernel.endOfRun(firstGfn, endGfn),
    readEach: (gfns, mapped, frames, places) => kernel.readEach(gfns, mapped, frames, places),
    forEachMapping: (emit) => kernel.forEachMapping(emit),
  };
}

/** The backend's IOMMU without the page sizes below the one wanted. */
function withSmallestPage(backend: BackendId, pages: number): Geometry {
  const { geometry } = BACKEND_TRAITS[backend];
  const bytes = BigInt(pages * PAGE_BYTES);
  return { ...geometry, name: `${geometry.name}, pages of ${bytes} bytes`, pageSizes: (geometry.pageSizes & ~(2n * bytes - 1n)) | bytes };
}

/** Whether the fault plan, not the kernel, refused a call. */
function wasInjected(kernel: IommuContainer, call: ListenerCall): boolean {
  const { faults } = kernel;
  return call.status !== 0 && faults.wasHit(call.kind) && faults.status(call.kind) === call.status;
}

