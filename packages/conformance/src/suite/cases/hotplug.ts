// SPDX-License-Identifier: MIT
import { family } from '../conformance-case.ts';

const RDM = 'QEMU 10.2.2 include/system/memory.h, RamDiscardManager register_listener';
const hotplug = family({
  prefix: 'hotplug',
  source: RDM,
  basis: 'source',
  needs: ['assignment'],
});

/** Devices that come late, go, and come back. */
export const HOTPLUG = [
  hotplug.written('late-attach-maps-shared', 'hotplug', 'a container attached late maps what is shared already', 'convert(1+2,shared); attach(c0)', { source: 'RFC series 20240725072118.358923-1, "Open", first way' }),
  hotplug.written('late-attach-maps-nothing-private', 'hotplug', 'a container attached to a private guest maps the ROM only', 'attach(c0)', { isNegative: true }),
  hotplug.written('late-attach-maps-scattered-runs', 'hotplug', 'a container attached late maps every scattered run', 'convert(0+1,shared); convert(2+1,shared); convert(5+2,shared); attach(c0)'),
  hotplug.written('late-attach-maps-both-aliases', 'hotplug', 'a container attached late maps a run across 4 GiB in two sections', 'convert(3+2,shared); attach(c0)'),
  hotplug.written('late-attach-maps-everything', 'hotplug', 'a container attached to a fully shared guest maps all of it', 'convert(0+8,shared); attach(c0)'),
  hotplug.written('late-equals-early', 'hotplug', 'a container attached late maps what an early one maps', 'attach(c0); convert(0+2,shared); convert(5+1,shared); convert(1+1,private); attach(c1)'),
  hotplug.written('late-attach-then-convert', 'complete', 'a container attached late follows later conversions', 'convert(0+1,shared); attach(c0); convert(1+1,shared); convert(0+1,private)'),
  hotplug.written('late-attach-reads-guest-data', 'coherent', 'a container attached late reads what the guest wrote before', 'convert(0+1,shared); touch(0); attach(c0); dma(c0,0,read)', { answers: { 4: '0 0xa1' } }),
  hotplug.written('detach-leaves-nothing', 'hotplug', 'a detached container leaves no mapping and no pin', 'attach(c0); convert(0+4,shared); detach(c0)', { isNegative: true }),
  hotplug.written('detach-of-nothing-shared', 'hotplug', 'a container detached from a private guest leaves nothing', 'attach(c0); detach(c0)', { isNegative: true }),
  hotplug.written('detach-then-convert', 'legal-calls', 'conversions after a detach call the container no more', 'attach(c0); convert(0+2,shared); detach(c0); convert(0+2,private); convert(0+1,shared)', { isNegative: true }),
  hotplug.written('detach-keeps-the-other', 'complete', 'a detach leaves the other container complete', 'attach(c0); attach(c1); convert(0+3,shared); detach(c0); convert(1+1,private)'),
  hotplug.written('reattach-maps-what-changed', 'hotplug', 'a container attached again maps what is shared by then', 'attach(c0); convert(0+2,shared); detach(c0); convert(0+1,private); convert(4+1,shared); attach(c0)'),
  hotplug.written('reattach-finds-new-frames', 'coherent', 'a container attached again reaches frames made while it was gone', 'attach(c0); convert(0+1,shared); touch(0); detach(c0); convert(0+1,private); convert(0+1,shared); touch(0); attach(c0); dma(c0,0,read)', { answers: { 9: '0 0xa2' } }),
  hotplug.written('attach-detach-three-times', 'hotplug', 'three rounds of attach and detach leave nothing', 'convert(0+4,shared); attach(c0); detach(c0); attach(c0); detach(c0); attach(c0); detach(c0)', { isNegative: true }),
  hotplug.written('second-container-comes-and-goes', 'complete', 'a second container that comes and goes changes nothing for the first', 'attach(c0); convert(0+2,shared); attach(c1); detach(c1); convert(2+1,shared); dma(c0,2,write)'),
  hotplug.written('attach-after-all-went-private', 'hotplug', 'a guest that took all pages back shows a new device none', 'attach(c0); convert(0+8,shared); convert(0+8,private); attach(c1)', { isNegative: true }),
  hotplug.written('attach-between-halves', 'complete', 'a container attached between two conversions maps both', 'convert(0+4,shared); attach(c0); convert(4+4,shared)'),
  hotplug.written('refused-attach-leaves-nothing', 'hotplug', 'an attach refused in the middle leaves no mapping', 'convert(0+4,shared); refuse(c0,map,3,ENOMEM); attach(c0)', { isNegative: true, answers: { 3: '-ENOMEM' } }),
  hotplug.written('refused-attach-can-be-repeated', 'hotplug', 'an attach refused once succeeds after the fault is gone', 'convert(0+4,shared); refuse(c0,map,3,ENOMEM); attach(c0); heal; attach(c0)', { answers: { 5: '0' } }),
  hotplug.written('refused-attach-spares-the-other', 'complete', 'a refused attach leaves the other container as it was', 'attach(c0); convert(0+4,shared); refuse(c1,map,2,ENOMEM); attach(c1); dma(c0,3,write)', { isNegative: true }),
  hotplug.written('refused-attach-does-not-end-the-vmm', 'nonfatal', 'a map refused during hotplug ends the attach, not the VMM', 'convert(0+2,shared); refuse(c0,map,2,ENOMEM); attach(c0); convert(4+1,shared)', { isNegative: true, answers: { 4: '0' }, source: 'QEMU 10.2.2 system/ram-block-attributes.c, register_listener' }),
  hotplug.written('refused-once-while-attaching', 'complete', 'an attach that says it succeeded has mapped every shared page', 'convert(0+4,shared); refuse(c0,map,2,ENOMEM,once); attach(c0); convert(5+1,shared)', { isNegative: true, source: 'QEMU 11.1.3 run (replayfail-iommufd, replayfail-vfio-user): the refusal is printed only', basis: 'observed' }),
  hotplug.written('refused-once-while-attaching-the-second', 'hotplug', 'a second device is not left with less than the first', 'attach(c0); convert(0+4,shared); refuse(c1,map,3,ENOMEM,once); attach(c1); convert(0+4,private)', { isNegative: true, source: 'QEMU 11.1.3 run (replayfail-iommufd): device_add succeeds with 0 of 4 shared pages mapped', basis: 'observed' }),
  hotplug.written('unmap-refused-once-while-detaching', 'hotplug', 'an unmap refused while a device goes leaves the other device as it was', 'attach(c0); attach(c1); convert(0+4,shared); refuse(c0,unmap,1,EBUSY,once); detach(c0); dma(c1,0,write)', { isNegative: true }),
  hotplug.written('conversion-after-refused-attach', 'legal-calls', 'after a refused attach conversions do not call the container', 'convert(0+4,shared); refuse(c0,map,3,ENOMEM); attach(c0); heal; convert(0+4,private)', { isNegative: true }),
];
