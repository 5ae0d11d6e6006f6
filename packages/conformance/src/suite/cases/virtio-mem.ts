// SPDX-License-Identifier: MIT
import { type ConformanceCase, family } from '../conformance-case.ts';

const ELEVEN = 'QEMU 11.1.3 run with virtio-mem on guest_memfd (vmem): mapped = plugged AND shared';
const vmem = family({ prefix: 'virtio-mem', source: ELEVEN, basis: 'derived', world: 'pages=4, vmem=2x4', needs: ['virtioMem'] });
const DEVICE = { source: 'QEMU 10.2.2 hw/virtio/virtio-mem.c, request checks', basis: 'source' } as const;
const negative = { isNegative: true } as const;

/** What that run showed step by step; the other facts follow from the rule it obeyed, and were not seen. */
const SEEN = new Set([
  'plug-of-private-maps-nothing',
  'share-inside-plugged',
  'share-inside-unplugged',
  'plug-after-share',
  'unplug-unmaps-shared',
  'replug-resumes-the-pattern',
  'take-back-while-unplugged',
  'unplug-all',
  'late-attach-sees-the-and',
  'reset-empties-the-device',
]);

/** virtio-mem beside conversions on one block; positions 4 to 11 are the device's two blocks. */
export const VIRTIO_MEM: readonly ConformanceCase[] = [
  vmem.spread('plug-of-private-maps-nothing', 'coexist', 'a private block plugged is not mapped', 'plug(m0,0+1)', negative),
  vmem.spread('share-inside-plugged', 'coexist', 'pages shared in a plugged block are mapped', 'plug(m0,0+1); convert(4+2,shared)'),
  vmem.spread('share-inside-unplugged', 'coexist', 'pages shared in an unplugged block are not mapped', 'convert(4+2,shared)', negative),
  vmem.spread('plug-after-share', 'coexist', 'a block plugged after a sharing maps just those pages', 'convert(5+2,shared); plug(m0,0+1)'),
  vmem.spread('unplug-unmaps-shared', 'coexist', 'an unplugged block leaves no mapping of its shared pages', 'plug(m0,0+1); convert(4+4,shared); unplug(m0,0+1)', negative),
  vmem.spread('unplug-of-private', 'coexist', 'a private block unplugged unmaps nothing', 'plug(m0,0+1); unplug(m0,0+1)', negative),
  vmem.spread('replug-resumes-the-pattern', 'coexist', 'a replugged block maps the pages that are still shared', 'plug(m0,0+1); convert(4+3,shared); unplug(m0,0+1); plug(m0,0+1)'),
  vmem.spread('take-back-while-unplugged', 'coexist', 'pages made private while unplugged stay unmapped after replug', 'plug(m0,0+1); convert(4+4,shared); unplug(m0,0+1); convert(5+2,private); plug(m0,0+1)'),
  vmem.spread('replug-brings-new-frames', 'coherent', 'a replugged page leads to its new frame', 'plug(m0,0+1); convert(4+1,shared); touch(4); unplug(m0,0+1); plug(m0,0+1); touch(4)'),
  vmem.spread('conversion-over-the-block-border', 'coexist', 'a sharing over two blocks maps the plugged one only', 'plug(m0,0+1); convert(6+4,shared)'),
  vmem.spread('conversion-into-boot-ram', 'coexist', 'a sharing from boot RAM into the device maps what is plugged', 'plug(m0,0+1); convert(2+4,shared)'),
  vmem.spread('plug-two-blocks-at-once', 'coexist', 'two blocks plugged at once map the shared pages of both', 'convert(7+2,shared); plug(m0,0+2)'),
  vmem.spread('unplug-one-of-two', 'coexist', 'one of two blocks unplugged leaves the other mapped', 'plug(m0,0+2); convert(4+8,shared); unplug(m0,0+1)'),
  vmem.spread('unplug-the-second', 'coexist', 'the second block unplugged leaves the first mapped', 'plug(m0,0+2); convert(4+8,shared); unplug(m0,1+1)'),
  vmem.spread('unplug-all', 'coexist', 'unplug-all leaves no mapping of the device', 'plug(m0,0+2); convert(4+8,shared); unplug-all(m0)', negative),
  vmem.spread('unplug-all-of-nothing', 'coexist', 'unplug-all of an empty device is acknowledged', 'unplug-all(m0)', { answers: { 1: 'ACK' } }),
  vmem.spread('boot-ram-does-not-care', 'complete', 'plugging and unplugging leave boot RAM mapped', 'convert(0+4,shared); plug(m0,0+1); unplug(m0,0+1)'),
  vmem.spread('plug-of-plugged-is-an-error', 'coexist', 'a plugged block cannot be plugged again', 'plug(m0,0+1); plug(m0,0+1)', { ...DEVICE, ...negative, answers: { 2: 'ERROR' } }),
  vmem.spread('nack-before-error', 'coexist', 'more than was asked for is NACK, plugged already or not', 'plug(m0,0+1); plug(m0,0+1)', { ...DEVICE, ...negative, answers: { 2: 'NACK' }, world: 'pages=4, vmem=1x4' }),
  vmem.spread('unplug-of-unplugged-is-an-error', 'coexist', 'an unplugged block cannot be unplugged', 'unplug(m0,0+1)', { ...DEVICE, ...negative, answers: { 1: 'ERROR' } }),
  vmem.spread('plug-past-the-end-is-an-error', 'coexist', 'a block past the device cannot be plugged', 'plug(m0,1+2)', { ...DEVICE, ...negative, answers: { 1: 'ERROR' } }),
  vmem.spread('partly-plugged-is-an-error', 'coexist', 'a range with one plugged block cannot be unplugged whole', 'plug(m0,0+1); unplug(m0,0+2)', { ...DEVICE, ...negative, answers: { 2: 'ERROR' } }),
  vmem.spread('two-devices', 'coexist', 'two devices keep their states apart', 'plug(m0,0+1); convert(4+12,shared); plug(m1,1+1); unplug(m0,0+1)', { world: 'pages=4, vmem=2x4,2x2' }),
  vmem.written('late-attach-sees-the-and', 'hotplug', 'a container attached late maps plugged AND shared', 'plug(m0,0+1); convert(6+4,shared); attach(c0)'),
  vmem.written('late-attach-after-replug', 'hotplug', 'a container attached after a replug maps what an early one maps', 'attach(c0); plug(m0,0+2); convert(4+8,shared); unplug(m0,0+1); convert(5+1,private); plug(m0,0+1); attach(c1)'),
  vmem.written('refused-plug-is-busy', 'atomic', 'a plug whose map is refused answers BUSY and equals none', 'attach(c0); convert(4+2,shared); refuse(c0,map,2,ENOMEM); plug(m0,0+1)', { ...negative, answers: { 4: 'BUSY' } }),
  vmem.written('refused-plug-can-be-repeated', 'progress', 'a plug refused once succeeds after the fault', 'attach(c0); convert(4+2,shared); refuse(c0,map,2,ENOMEM); plug(m0,0+1); heal; dma(c0,5,write)'),
  vmem.written('refused-plug-older-of-two', 'atomic', 'a plug refused by one container is undone in the other', 'attach(c0); attach(c1); convert(4+3,shared); refuse(c0,map,2,ENOMEM); plug(m0,0+1)', { ...negative, source: 'QEMU commit 29f1b328e3: rollback used the wrong iterator', basis: 'source' }),
  vmem.written('refused-unplug-keeps-the-block', 'atomic', 'an unplug whose unmap is refused answers BUSY and equals none', 'attach(c0); plug(m0,0+1); convert(4+2,shared); touch(4); refuse(c0,unmap,1,EBUSY); unplug(m0,0+1); dma(c0,4,read)', { ...negative, answers: { 6: 'BUSY', 7: '0 0xa1' } }),
  vmem.written('refused-unplug-then-heal', 'progress', 'an unplug refused once succeeds after the fault', 'attach(c0); plug(m0,0+1); convert(4+2,shared); refuse(c0,unmap,1,EBUSY); unplug(m0,0+1); heal'),
  vmem.written('refused-unplug-all', 'atomic', 'an unplug-all whose unmap is refused equals none', 'attach(c0); plug(m0,0+2); convert(5+6,shared); refuse(c0,unmap,1,EBUSY); unplug-all(m0); dma(c0,5,write)', { ...negative, answers: { 5: 'BUSY' } }),
  vmem.written('busy-while-migrating', 'consumers-see', 'plug and unplug are BUSY while migration runs', 'plug(m0,0+1); migrate(start); plug(m0,1+1); unplug(m0,0+1); migrate(finish); plug(m0,1+1)', { ...DEVICE, ...negative, answers: { 3: 'BUSY', 4: 'BUSY', 6: 'ACK' } }),
  vmem.written('unplugged-page-is-out-of-reach', 'coexist', 'a device cannot reach an unplugged page', 'attach(c0); plug(m0,0+1); convert(4+1,shared); unplug(m0,0+1); dma(c0,4,read)', { ...negative, answers: { 5: '-EFAULT' } }),
  vmem.written('device-data-survives-a-neighbour', 'coherent', 'unplugging one block keeps the data of the other', 'attach(c0); plug(m0,0+2); convert(4+8,shared); touch(8); unplug(m0,0+1); dma(c0,8,read)', { answers: { 6: '0 0xa1' } }),
  vmem.written('plug-after-detach', 'hotplug', 'a block plugged after a detach is mapped in no container', 'attach(c0); convert(4+2,shared); detach(c0); plug(m0,0+1)', negative),
  vmem.written('left-over-of-a-refused-plug', 'progress', 'what a refused plug could not take back is gone before the next', 'attach(c0); convert(4+2,shared); refuse(c0,unmap,1,EBUSY); refuse(c0,map,2,ENOMEM); plug(m0,0+1); refuse(c0,unmap,2,EBUSY); plug(m0,0+1); heal; touch(4); dma(c0,4,read)', { source: 'derived: both calls refused in turn', basis: 'derived' }),
  vmem.written('reset-empties-the-device', 'coexist', 'reset unplugs every block and leaves nothing mapped', 'attach(c0); plug(m0,0+2); convert(2+6,shared); reset; plug(m0,0+1)', { needs: ['rebuild'] }),
  vmem.written('sharing-refused-in-plugged-block', 'atomic', 'a refused sharing in a plugged block equals none', 'attach(c0); plug(m0,0+1); refuse(c0,map,2,ENOMEM); convert(4+4,shared); heal; dma(c0,7,write)', negative),
].map((each) => (SEEN.has(each.id.split('/')[1]!) ? { ...each, basis: 'observed' } : each));
