// SPDX-License-Identifier: MIT
import { family } from '../conformance-case.ts';

const negative = { isNegative: true } as const;
const COUNTS = 'QEMU 10.2.2 system/physmem.c, discard coordination counts';
const rights = family({ prefix: 'rights', source: 'QEMU 10.2.2 hw/vfio/listener.c: read-only sections are mapped without write', basis: 'source', needs: ['assignment'] });
const coordinated = family({ prefix: 'coordinated', source: COUNTS, basis: 'source' });
const see = family({ prefix: 'consumers', source: 'RFC series 20240725072118.358923-1, "Open": private treated as hot-removed', basis: 'list', needs: ['views'] });
const reset = family({ prefix: 'reset', source: 'QEMU 11.1.3 run (reset-system_reset)', basis: 'observed', needs: ['rebuild'] });
const limit = family({ prefix: 'limit', source: 'QEMU 10.2.2 hw/vfio/listener.c, limit check at registration', basis: 'source', needs: ['limitCheck'] });
const order = family({ prefix: 'order', source: 'guest_memfd in-place conversion v8, 20260618-gmem-inplace-conversion-v8: unmap before convert', basis: 'list', needs: ['assignment'] });
const absent = family({ prefix: 'absent', source: 'declared capabilities', basis: 'derived' });

/** Rights, coordination counts, other users of the state, reset, limits, orders, and what designs do not offer. */
export const MACHINE = [
  rights.written('rom-is-mapped-read-only', 'rights', 'the ROM is mapped without write rights', 'attach(c0)', negative),
  rights.written('rom-twice', 'rights', 'two containers map the ROM without write rights', 'attach(c0); attach(c1); convert(0+1,shared)', negative),
  rights.written('ram-is-writable', 'rights', 'a device writes to a shared page', 'attach(c0); convert(0+1,shared); dma(c0,0,write)', { answers: { 3: '0 0xa1' } }),
  rights.written('reattached-rom-stays-read-only', 'rights', 'a container attached again maps the ROM read-only again', 'attach(c0); detach(c0); attach(c0)', negative),

  coordinated.written('balloon-is-inhibited', 'coordinated', 'the balloon discards nothing while a device is attached', 'attach(c0); convert(0+1,shared); touch(0); balloon(0+1); dma(c0,0,read)', { ...negative, needs: ['assignment'], answers: { 4: 'inhibited', 5: '0 0xa1' } }),
  coordinated.written('balloon-works-alone', 'coordinated', 'the balloon discards while no device is attached', 'touch(0); balloon(0+1)', { answers: { 2: '0' } }),
  coordinated.written('balloon-works-after-detach', 'coordinated', 'the balloon discards again after the last detach', 'attach(c0); detach(c0); balloon(0+1)', { needs: ['assignment'], answers: { 3: '0' } }),
  coordinated.written('balloon-then-attach', 'coherent', 'a page ballooned before an attach is mapped with its new frame', 'convert(0+1,shared); touch(0); balloon(0+1); attach(c0); touch(0); dma(c0,0,read)', { needs: ['assignment'], answers: { 6: '0 0xa2' } }),
  coordinated.written('refused-attach-gives-the-count-back', 'coordinated', 'after a refused attach the balloon is not inhibited', 'convert(0+2,shared); refuse(c0,map,1,ENOMEM); attach(c0); balloon(0+1)', { ...negative, needs: ['assignment'], answers: { 4: '0' } }),

  see.spread('dump-sees-private', 'consumers-see', 'a dump sees private pages as private', 'convert(0+2,shared); dump'),
  see.spread('dump-of-a-private-guest', 'consumers-see', 'a dump of a wholly private guest sees every page', 'dump'),
  see.spread('dump-of-a-shared-guest', 'consumers-see', 'a dump of a wholly shared guest sees every page', 'convert(0+8,shared); dump'),
  see.spread('dump-skips-unplugged', 'consumers-see', 'a dump leaves unplugged pages out', 'plug(m0,0+1); convert(4+2,shared); dump', { ...negative, needs: ['virtioMem'], world: 'pages=4, vmem=2x4' }),
  see.spread('dump-after-unplug', 'consumers-see', 'a dump leaves pages out that were unplugged again', 'plug(m0,0+2); convert(4+8,shared); unplug(m0,0+1); dump', { ...negative, needs: ['virtioMem'], world: 'pages=4, vmem=2x4' }),
  see.spread('migration-sends-private', 'consumers-see', 'migration sends private pages as private', 'convert(1+2,shared); migrate(start); migrate(finish)'),
  see.spread('migration-skips-unplugged', 'consumers-see', 'migration leaves unplugged pages out', 'plug(m0,1+1); convert(8+1,shared); migrate(start); migrate(finish)', { ...negative, needs: ['virtioMem'], world: 'pages=4, vmem=2x4' }),

  reset.written('all-private-and-unmapped', 'bounded', 'reset makes every page private and leaves none mapped', 'attach(c0); convert(0+3,shared); reset', negative),
  reset.written('share-again-after-reset', 'complete', 'a page shared again after reset is mapped again', 'attach(c0); convert(0+3,shared); touch(0); reset; convert(0+3,shared); touch(0); dma(c0,0,read)', { answers: { 7: '0 0xa2' } }),
  reset.written('late-attach-after-reset', 'hotplug', 'a container attached after reset maps no private page', 'attach(c0); convert(0+3,shared); reset; attach(c1)', negative),
  reset.written('sharing-refused-before-it', 'atomic', 'a sharing refused before a reset is made good after it', 'attach(c0); refuse(c0,map,1,ENOMEM); convert(0+2,shared); heal; reset; convert(0+2,shared); dma(c0,0,write)', { ...negative, source: 'QEMU 11.1.3 run (fail-old-3rd, then system_reset): the bitmap survives the reset' }),
  reset.written('shared-before-it', 'coherent', 'a page shared before and after a reset leads to the frame of now', 'attach(c0); convert(0+2,shared); touch(0); reset; touch(0); convert(0+2,shared); touch(0); dma(c0,0,read)', { basis: 'derived' }),
  reset.written('reset-of-nothing', 'bounded', 'reset of a private guest changes nothing', 'attach(c0); reset; convert(0+1,shared)', { basis: 'derived' }),
  reset.written('refused-reset', 'progress', 'a reset whose unmap is refused is completed by the retry', 'attach(c0); convert(0+3,shared); refuse(c0,unmap,1,EBUSY); reset; heal; convert(0+1,shared)', { basis: 'derived' }),
  reset.written('refused-in-a-second-block', 'atomic', 'a reset refused in one block is undone in every block', 'attach(c0); attach(c1); plug(m0,0+1); convert(0+4,shared); refuse(c0,unmap,3,EBUSY); reset; dma(c1,0,write)', { ...negative, needs: ['virtioMem'], world: 'pages=2, vmem=1x2', basis: 'derived' }),
  reset.written('reset-after-refusal', 'complete', 'reset after a refused sharing leaves a guest that can share', 'attach(c0); refuse(c0,map,2,ENOMEM); convert(0+3,shared); reset; heal; convert(0+3,shared); dma(c0,2,write)', { basis: 'derived' }),

  limit.written('admitted-at-the-limit', 'bounded', 'a guest whose worst case equals the limit is admitted', 'attach(c0)', { world: 'limit=32770', answers: { 1: '0' } }),
  limit.written('refused-one-below', 'bounded', 'a guest whose worst case is one over the limit is refused', 'attach(c0)', { ...negative, world: 'limit=32769', answers: { 1: '-ENOSPC' }, answersOn: ['type1v2', 'type1', 'vfio-user', 'vfio-user-strict'] }),
  limit.written('iommufd-has-none', 'bounded', 'iommufd admits a guest of any size', 'attach(c0)', { world: 'limit=1', answers: { 1: '0' }, answersOn: ['iommufd', 'iommufd-compat-v1', 'iommufd-compat-v2'] }),
  limit.written('refused-guest-goes-on', 'nonfatal', 'a guest whose device was refused converts all the same', 'convert(0+1,shared); attach(c0); convert(1+1,shared)', { ...negative, world: 'limit=100', answers: { 3: '0' } }),

  order.written('unmap-before-free', 'order', 'two backings: a page is unmapped before it is freed', 'attach(c0); convert(0+2,shared); convert(0+2,private)', { ...negative, needs: ['twoBackend'], source: '[RFC PATCH 0/6], 20240725072118.358923-1, Problem, step 3' }),
  order.written('unmap-before-free-mixed', 'order', 'two backings: a mixed range is unmapped before it is freed', 'attach(c0); convert(0+1,shared); convert(2+1,shared); convert(0+4,private)', { ...negative, needs: ['twoBackend'], source: '[RFC PATCH 0/6], 20240725072118.358923-1, Problem, step 3' }),
  order.written('unmap-before-free-in-both', 'order', 'two backings: both containers unmap before a page is freed', 'attach(c0); attach(c1); convert(0+2,shared); convert(0+2,private)', { ...negative, needs: ['twoBackend'], source: '[RFC PATCH 0/6], 20240725072118.358923-1, Problem, step 3' }),
  order.written('unmap-before-turning-private', 'order', 'in place: a page is unmapped before it turns private', 'attach(c0); convert(0+2,shared); touch(0); convert(0+2,private)', { ...negative, needs: ['inPlace'], answers: { 4: '0' } }),
  order.written('in-place-frame-stays', 'coherent', 'in place: the frame shared is the frame that was private', 'attach(c0); touch(0); convert(0+1,shared); dma(c0,0,read)', { needs: ['inPlace'], answers: { 4: '0 0xa1' } }),
  order.written('in-place-pinned-page-turns-private', 'progress', 'in place: a page a device reached can turn private', 'convert(0+8,shared); attach(c0); convert(0+1,private); heal', { needs: ['inPlace'] }),
  order.written('in-place-refusal', 'atomic', 'in place: a refused sharing turns private again', 'attach(c0); refuse(c0,map,2,ENOMEM); convert(0+3,shared); heal; dma(c0,2,write)', { ...negative, needs: ['inPlace'] }),

  absent.written('second-state-owner', 'coexist', 'a design without virtio-mem refuses a second state owner', 'plug(m0,0+1)', { ...negative, absent: ['virtioMem'], world: 'pages=4, vmem=2x4', answers: { 1: 'no such device in this design' } }),
  absent.written('confidential-reset', 'nonfatal', 'a design without reset shuts the guest down', 'reset; convert(0+1,shared)', { ...negative, absent: ['rebuild'], answers: { 1: 'shutdown', 2: 'the guest is gone' } }),
  absent.written('assignment', 'coordinated', 'a design without assignment refuses a device with EBUSY', 'attach(c0); convert(0+1,shared)', { ...negative, absent: ['assignment'], answers: { 1: '-EBUSY', 2: '0' } }),
];
