// SPDX-License-Identifier: MIT
export type { BlockRange, DeviceState } from './_internals/device-state.ts';
export {
  type MemslotHost,
  type MemslotLayout,
  memslotLayout,
  type MemslotOptions,
  MIN_MEMSLOT_PAGES,
} from './memslots.ts';
export { NO_LISTENER } from './no-listener.ts';
export { MIN_BLOCK_PAGES, USABLE_EXTENT_PAGES, type VirtioMemOptions } from './options.ts';
export {
  type Answer,
  ANSWERS,
  BLOCK_STATES,
  type BlockState,
  type GuestRequest,
  type GuestResponse,
  type RangeRequest,
  REQUEST_TYPES,
} from './protocol.ts';
export { type RefusalCode, type RefusalDetails, VirtioMemRefusal } from './refusal.ts';
export type { LoadConditions, SavedBlocks, SavedSizes } from './saved-state.ts';
export { type DeviceSteps, type News, QEMU_STEPS, type Question, type ResetKind } from './steps.ts';
export { createVirtioMem, type VirtioMem } from './virtio-mem.ts';
