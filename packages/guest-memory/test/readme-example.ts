// SPDX-License-Identifier: MIT
// The region below stands in README.md word for word; readme.test.ts compares the two and checks what it computes.
// #region example
import { GuestMemory } from '@sda-lab/guest-memory';

const memory = new GuestMemory({ regime: 'two-backend', gfnCount: 8 });
const block = memory.addBlock('ram', 8, true);
memory.addSection({ name: 'ram', block, firstPage: 0, pageCount: 8, firstGfn: 0, readonly: false });
const device = memory.pinPage(block.hostFirstPage, true); // page 0 is mapped for a device
memory.frames.write(device, 0xa1);
memory.setAttributes({ firstGfn: 0, endGfn: 1 }, 'private');
memory.discard({ block, firstPage: 0, endPage: 1 }, 'shared'); // nobody unmapped: the frame is an orphan now
memory.frames.write(memory.populate(block, 0, 'shared'), 0xb2); // what the guest writes after sharing it again
export const words = [memory.frames.read(device), memory.frames.read(memory.peekPage(block.hostFirstPage))];
// #endregion
