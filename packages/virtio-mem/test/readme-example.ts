// SPDX-License-Identifier: MIT
// The region below stands in README.md word for word; readme.test.ts compares the two and runs it.
// #region example
import { GuestMemory } from '@sda-lab/guest-memory';
import { createVirtioMem, NO_LISTENER } from '@sda-lab/virtio-mem';

const memory = new GuestMemory({ regime: 'two-backend', gfnCount: 64 });
const block = memory.addBlock('vmem0', 32, true);
const heard: string[] = [];
const events = { ...NO_LISTENER, discarded: () => void heard.push('unmap now: the RAM is gone') };
const size = { firstGfn: 16, blockPages: 8, requestedPages: 16, scaled: true };
const device = createVirtioMem({ name: 'vmem0', block, ...size, host: memory, events, isMigrating: () => false });

export const answers = [device.plug(0, 2), device.plug(2, 1), device.unplug(1, 1), device.unplug(1, 1)];
export const told = [answers.join(' '), ...heard]; // ACK NACK ACK ERROR, unmap now: the RAM is gone
// #endregion
