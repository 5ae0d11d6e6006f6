// SPDX-License-Identifier: MIT
import { family } from '../conformance-case.ts';

const server = family({
  prefix: 'server',
  source: 'a vfio-user server maps the guest memory itself: an access through a mapping left over a discarded page fills it again',
  basis: 'derived',
  needs: ['assignment'],
});
const negative = { isNegative: true } as const;
const gone = { source: 'recording dev-unmap-refused (QEMU 11.1.3): the memory is freed and the server keeps the mapping', basis: 'observed' } as const;

/** What must not happen where mappings pin nothing; on pinning backends the same histories are judged otherwise. */
export const SERVERS = [
  server.written('taken-back-page', 'no-use-after-discard', 'a server has no mapping of a page that was taken back', 'attach(c0); convert(0+2,shared); touch(0); convert(0+2,private); dma(c0,0,write)', { ...negative, answers: { 5: '-EFAULT' } }),
  server.written('hole-in-a-run', 'no-use-after-discard', 'a server has no mapping of pages taken back inside a run', 'attach(c0); convert(0+4,shared); convert(1+2,private); dma(c0,2,read); dma(c0,3,write)', { ...negative, answers: { 4: '-EFAULT' } }),
  server.written('refused-unmap-frees-nothing', 'no-use-after-discard', 'no page is freed that a server would not unmap', 'attach(c0); convert(0+1,shared); touch(0); refuse(c0,unmap,1,EINVAL,once); convert(0+1,private)', { ...negative, ...gone }),
  server.written('unplugged-page', 'no-use-after-discard', 'a server has no mapping of an unplugged page', 'attach(c0); plug(m0,0+1); convert(4+2,shared); unplug(m0,0+1); dma(c0,4,write)', { ...negative, needs: ['virtioMem'], world: 'pages=4, vmem=2x4', answers: { 5: '-EFAULT' } }),
];
