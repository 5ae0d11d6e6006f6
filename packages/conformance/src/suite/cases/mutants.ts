// SPDX-License-Identifier: MIT
import { family } from '../conformance-case.ts';

const AND = 'QEMU 11.1.3 run with virtio-mem on guest_memfd (vmem): mapped = plugged AND shared';
const vmem = family({ prefix: 'virtio-mem', source: AND, basis: 'derived', world: 'pages=4, vmem=2x4', needs: ['virtioMem'] });
const negative = { isNegative: true } as const;
const source = family({
  prefix: 'source',
  source: 'QEMU 11.1 (merge 9d526ed81d) system/ram-discard-manager.c, granularity as the minimum over sources',
  basis: 'source',
  world: 'pages=4, vmem=2x4:shared,8x1@m0',
  needs: ['virtioMem'],
});

/** What a wrong variant of a design needed to be found; positions 4 to 11 are the device's two blocks. */
export const MUTANTS = [
  vmem.written('take-back-inside-plugged', 'coexist', 'a page of a plugged and shared block goes private alone', 'attach(c0); plug(m0,0+1); convert(4+4,shared); convert(5+1,private); dma(c0,6,write)'),
  vmem.written('plug-maps-every-run', 'coexist', 'a block plugged over two shared runs maps both', 'attach(c0); convert(4+1,shared); convert(6+1,shared); plug(m0,0+1); dma(c0,6,write)'),
  vmem.written('unplug-unmaps-every-run', 'coexist', 'an unplugged block leaves none of its shared runs mapped', 'attach(c0); plug(m0,0+1); convert(4+1,shared); convert(6+1,shared); unplug(m0,0+1)', negative),
  vmem.written('plug-refused-in-its-second-run', 'atomic', 'a plug refused in its second run leaves the first unmapped', 'attach(c0); convert(4+1,shared); convert(6+1,shared); refuse(c0,map,2,ENOMEM); plug(m0,0+1)', negative),
  vmem.written('share-after-a-refused-plug', 'coexist', 'a page shared in a block whose plug was refused is not mapped', 'attach(c0); convert(4+1,shared); refuse(c0,map,1,ENOMEM,once); plug(m0,0+1); convert(6+1,shared)', negative),
  vmem.written('unplug-all-of-the-second-block', 'coexist', 'unplug-all finds a plugged block behind an unplugged one', 'attach(c0); plug(m0,1+1); convert(8+2,shared); unplug-all(m0)', negative),
  vmem.written('unplug-frees-private-pages', 'bounded', 'an unplugged block holds no private memory', 'attach(c0); plug(m0,0+1); touch(4); unplug(m0,0+1)', negative),
  vmem.written('unplug-all-in-both', 'coexist', 'unplug-all leaves no mapping of the device in either container', 'attach(c0); attach(c1); plug(m0,0+2); convert(4+8,shared); unplug-all(m0)', negative),
  vmem.written('share-after-a-refused-unplug', 'coexist', 'a page shared in a block whose unplug was refused is mapped', 'attach(c0); plug(m0,0+1); convert(4+1,shared); refuse(c0,unmap,1,EBUSY,once); unplug(m0,0+1); convert(6+1,shared); dma(c0,6,write)'),

  source.written('finer-one-comes-before-the-device', 'legal-calls', 'a finer source there before the device lets a fine unplug go alone', 'add-source(m1); attach(c0); plug(m0,0+1); plug(m1,0+4); unplug(m1,1+1)'),
];
