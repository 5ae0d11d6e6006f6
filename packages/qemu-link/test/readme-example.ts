// SPDX-License-Identifier: MIT
// The region below stands in README.md word for word; readme.test.ts compares the two and runs it.
// #region example
import { checkQemuRecording } from '@sda-lab/qemu-link';

const device = '-object memory-backend-ram,id=vm0,size=64M -device virtio-mem-pci,memdev=vm0,block-size=2M,requested-size=4M';
const lines = [
  { src: 'qemu', ev: 'ready', cmd: `-machine pc -m 64M,maxmem=1G ${device}` },
  { src: 'mark', ev: 'op 0 PLUG 0+1', resp: 'ACK' },
  { src: 'mark', ev: 'op 1 PLUG 1+2', resp: 'ERROR' },
];
const report = checkQemuRecording(lines.map((line) => JSON.stringify(line)).join('\n'));
export const told = report.first.map(({ request, expected, got }) => `${request}: QEMU's ${expected}, the model's ${got}`);
// #endregion
