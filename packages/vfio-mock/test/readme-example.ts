// SPDX-License-Identifier: MIT
// The example of README.md; readme.test.ts compares the two texts and checks what this one computes.
// #region example
import { createContainer, ProcessMemory, REGION_ADDRESS, writeWord } from '@sda-lab/vfio-mock';

const memory = new ProcessMemory(true); // stands for the process of a VMM
memory.replace('shared', 4_194_304); // a memfd of 4 MiB
const container = createContainer('type1v2', { memory, dmaEntryLimit: 65_535 });
const hostPage = Number(REGION_ADDRESS >> 12n);
const mapped = container.mapPages(0x100, hostPage, 16, 1, true); // 16 maps of one page
const cut = container.unmapPages(0xff, 2); // one call over a hole and a whole mapping
memory.punch(0x1000n, 0x1000n); // behind the container's back
writeWord(memory, REGION_ADDRESS + 0x1000n, 0xb2n); // the CPU gets a new page
const isStale = container.translate(0x101) !== memory.peekPage(hostPage + 1);
// #endregion

export { container, cut, isStale, mapped };
