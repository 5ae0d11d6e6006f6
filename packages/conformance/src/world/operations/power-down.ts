// SPDX-License-Identifier: MIT
import { isManaged } from '@sda-lab/guest-memory';
import type { Machine } from '../machine.ts';

/**
 * The VM goes, its containers gone before: plug sources leave their blocks, then the blocks go. Nothing of a design may
 * still count on either (QEMU 11.1 asserts in ram_discard_manager_finalize that no source and no listener is left).
 */
export function powerDown({ instance, memory, devices, sources }: Machine): void {
  for (const [at, device] of devices.entries()) if (device !== undefined && sources!.hasJoined(at)) sources!.leave(device, at);
  for (const block of memory.blocks) if (isManaged(block)) instance.removeBlock(block);
}
