// SPDX-License-Identifier: MIT
import { family } from '../conformance-case.ts';

const HOLE = 'QEMU 10.2.2 system/ram-block-attributes.c: the bitmap is set before listeners are asked and not put back';
const refuse = family({ prefix: 'refuse', source: HOLE, basis: 'source', needs: ['assignment'] });
const negative = { isNegative: true } as const;

/** Refused maps and unmaps, and what guest and devices are left with. */
export const REFUSE = [
  refuse.written('retry-reports-success-only-with-mapping', 'atomic', 'a retry that reports success has made the mapping', 'attach(c0); refuse(c0,map,1,ENOMEM); convert(0+2,shared); heal; dma(c0,0,write)', negative),
  refuse.written('first-map', 'atomic', 'a conversion refused at its first map equals none', 'attach(c0); refuse(c0,map,1,ENOMEM); convert(0+2,shared)', negative),
  refuse.written('middle-map', 'atomic', 'a conversion refused in the middle equals none', 'attach(c0); refuse(c0,map,2,ENOMEM); convert(0+3,shared)', negative),
  refuse.written('last-map', 'atomic', 'a conversion refused at its last map equals none', 'attach(c0); refuse(c0,map,3,ENOSPC); convert(0+3,shared)', negative),
  refuse.written('retry-by-the-guest', 'progress', 'a guest that repeats a refused sharing gets it', 'attach(c0); refuse(c0,map,2,ENOMEM); convert(0+2,shared); heal; convert(0+2,shared); dma(c0,1,write)'),
  refuse.written('older-of-two', 'atomic', 'a refusal by the older of two containers equals none in both', 'attach(c0); attach(c1); refuse(c0,map,3,ENOMEM); convert(0+4,shared)', { ...negative, source: 'QEMU 11.1.3 run: older device refused its third of four maps', basis: 'observed' }),
  refuse.written('newer-of-two', 'atomic', 'a refusal by the newer of two containers equals none in both', 'attach(c0); attach(c1); refuse(c1,map,3,ENOMEM); convert(0+4,shared)', negative),
  refuse.written('older-of-two-then-heal', 'progress', 'after the fault both containers get the refused pages', 'attach(c0); attach(c1); refuse(c0,map,2,ENOMEM); convert(0+4,shared); heal; dma(c0,3,write); dma(c1,3,read)'),
  refuse.written('mixed-range', 'atomic', 'a refused mixed range keeps what was shared before', 'attach(c0); convert(1+1,shared); refuse(c0,map,2,ENOMEM); convert(0+4,shared); dma(c0,1,write)', negative),
  refuse.written('mixed-range-then-heal', 'progress', 'a refused mixed range is completed by the retry', 'attach(c0); convert(1+1,shared); refuse(c0,map,2,ENOMEM); convert(0+4,shared); heal; dma(c0,3,write)'),
  refuse.written('other-pages-go-on', 'complete', 'after a refusal other pages convert as before', 'attach(c0); refuse(c0,map,2,ENOMEM); convert(0+2,shared); heal; convert(4+2,shared)'),
  refuse.written('take-back-after-refusal', 'atomic', 'a page whose sharing was refused can be made private', 'attach(c0); refuse(c0,map,1,ENOMEM); convert(0+1,shared); convert(0+1,private); heal'),
  refuse.written('private-data-survives', 'atomic', 'a refused sharing does not free the private side', 'attach(c0); touch(0); refuse(c0,map,1,ENOMEM); convert(0+1,shared); touch(0)', { ...negative }),
  refuse.written('across-the-aliases', 'atomic', 'a refusal above 4 GiB leaves a part that a retry completes', 'attach(c0); refuse(c0,map,3,ENOMEM); convert(2+4,shared); heal; dma(c0,5,write)'),
  refuse.written('unmap', 'coherent', 'a refused unmap frees nothing under the mapping', 'attach(c0); convert(0+2,shared); touch(0); refuse(c0,unmap,1,EBUSY); convert(0+2,private); heal; convert(0+2,shared)', { ...negative, source: 'QEMU 10.2.2 hw/vfio/listener.c: an unmap error is printed only' }),
  refuse.written('unmap-of-older', 'atomic', 'an unmap refused by one container is undone in the other', 'attach(c0); attach(c1); convert(0+2,shared); refuse(c0,unmap,1,EBUSY); convert(0+2,private)', { ...negative }),
  refuse.written('unmap-then-heal', 'progress', 'a refused taking back succeeds after the fault', 'attach(c0); convert(0+2,shared); refuse(c0,unmap,1,EBUSY); convert(0+2,private); heal'),
  refuse.written('unmap-in-the-middle', 'atomic', 'a refusal between two runs puts the first run back', 'attach(c0); convert(0+1,shared); convert(2+1,shared); refuse(c0,unmap,2,EBUSY); convert(0+3,private)', { ...negative }),
  refuse.written('overlap-after-unmap', 'progress', 'a sharing after a refused unmap succeeds once the fault is gone', 'attach(c0); refuse(c0,unmap,1,EBUSY); convert(0+3,shared); convert(0+2,private); convert(0+3,shared); heal; dma(c0,0,write)', { source: 'QEMU 10.2.2 hw/vfio/listener.c: an unmap error is printed only' }),
  refuse.written('undo-refused-too', 'progress', 'when undoing is refused too, a retry completes the rest', 'attach(c0); attach(c1); refuse(c0,map,1,ENOMEM); refuse(c1,unmap,1,EBUSY); convert(0+2,shared); heal; dma(c0,1,write)'),
  refuse.written('remap-refused-too', 'progress', 'when mapping again is refused too, a retry completes the rest', 'attach(c0); attach(c1); convert(0+2,shared); refuse(c0,unmap,1,EBUSY); refuse(c1,map,1,ENOMEM); convert(0+2,private); heal'),
  refuse.written('does-not-end-the-vmm', 'nonfatal', 'a refused map at run time does not end the VMM', 'attach(c0); refuse(c0,map,1,ENOMEM); convert(0+1,shared); heal; touch(0)', negative),
  refuse.written('detach-after-refusal', 'hotplug', 'a container detached after a refusal leaves nothing', 'attach(c0); refuse(c0,map,2,ENOMEM); convert(0+4,shared); detach(c0)', negative),
  refuse.written('late-attach-after-refusal', 'hotplug', 'a container attached after a refusal and heal maps what is shared', 'attach(c0); refuse(c0,map,2,ENOMEM); convert(0+4,shared); heal; attach(c1)'),
];
