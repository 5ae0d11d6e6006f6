// SPDX-License-Identifier: MIT
export { BACKEND_IDS, type BackendId, KERNEL_VERSIONS, type KernelVersion, WORLD_BACKEND_IDS } from './backend-id.ts';
export { BACKEND_TRAITS, type BackendTraits, type MapCheck } from './backend-traits.ts';
export { ascendingUntilCut, atomicOrRefused, type UnmapRule } from './unmap-rules.ts';
export { CostCounters, type PhysicalLayout } from './cost-counters.ts';
export { ContainerOptionsError } from './container-options-error.ts';
export { createContainer } from './create-container.ts';
export { type CallKind, FaultPlan } from './fault-plan.ts';
export { AMD_47, EVERYWHERE, type Geometry, type IovaRange, MOCK_DOMAIN, VTD_48 } from './geometry.ts';
export type { ContainerObserver, ContainerOptions, DmaRead, IommuContainer, Reached } from './iommu-container.ts';
export type { IoctlDoor } from './ioctl/ioctl-door.ts';
export * from './ioctl/iommufd-door.ts';
export * from './ioctl/vfio-door.ts';
export type { DmaMapMessage, DmaUnmapMessage, VfioUserDoor } from './ioctl/vfio-user-door.ts';
export type { KernelMemory } from './kernel-memory.ts';
export { type MemlockLimits, ProcessAccount } from './process-account.ts';
export { type AdmissionAnswer, type AdmissionQuestion, checkAdmission } from './listener/admission.ts';
export { ContainerListener, type ContainerListenerOptions } from './listener/container-listener.ts';
export type { CallContext, ListenerCall } from './listener/listener-call.ts';
export {
  type BlockRun,
  cutAtGranules,
  type ListenerSteps,
  type MapPiece,
  QEMU_LISTENER_STEPS,
} from './listener/listener-steps.ts';
export type { MappingDoor } from './listener/mapping-door.ts';
export { containerWords, type ContainerWordsOptions } from './words/container-words.ts';
export { type PageWindow, windowOf } from './words/page-window.ts';
export {
  checkRecording,
  type CheckOptions,
  kernelOfName,
  type Mismatch,
  type RecordingReport,
} from './recording/check-recording.ts';
export { RecordingError } from './recording/recording-error.ts';
export { MemoryFile, SINGLE_PAGES, type FolioShape } from './recording/memory-file.ts';
export { GUEST_MEMFD, MEMFD, ProcessMemory, REGION_ADDRESS, type MemoryKind } from './recording/process-memory.ts';
export { readWord, writeWord } from './recording/words.ts';
