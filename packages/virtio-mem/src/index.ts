// SPDX-License-Identifier: MIT
export type { BlockRange, DeviceState } from './_internals/device-state.ts';
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
export { type DeviceSteps, QEMU_STEPS } from './steps.ts';
export { createVirtioMem, type VirtioMem } from './virtio-mem.ts';
