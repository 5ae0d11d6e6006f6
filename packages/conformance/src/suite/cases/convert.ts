// SPDX-License-Identifier: MIT
import { family } from '../conformance-case.ts';

const PATH = 'QEMU 10.2.2 accel/kvm/kvm-all.c, kvm_convert_memory';
const convert = family({ prefix: 'convert', source: PATH, basis: 'source' });
const rba = { source: 'QEMU 10.2.2 system/ram-block-attributes.c, ram_block_attributes_state_change' };

/** Shapes of conversions without faults. */
export const CONVERT = [
  convert.spread('first-page', 'complete', 'the first page shared is mapped alone', 'convert(0+1,shared)'),
  convert.spread('last-page', 'complete', 'the last page shared is mapped alone', 'convert(7+1,shared)'),
  convert.spread('everything', 'complete', 'all pages shared are all mapped', 'convert(0+8,shared)'),
  convert.spread('everything-and-back', 'bounded', 'all pages shared and private again leave no mapping', 'convert(0+8,shared); convert(0+8,private)'),
  convert.spread('redundant-shared', 'legal-calls', 'sharing a shared page maps nothing twice', 'convert(1+2,shared); convert(1+2,shared)', rba),
  convert.spread('redundant-private', 'legal-calls', 'making a private page private unmaps nothing', 'convert(1+2,private)', { ...rba, isNegative: true }),
  convert.spread('mixed-to-shared', 'legal-calls', 'a mixed range to shared maps only its private pages', 'convert(1+1,shared); convert(0+4,shared)', rba),
  convert.spread('mixed-to-private', 'legal-calls', 'a mixed range to private unmaps only its shared pages', 'convert(0+1,shared); convert(2+2,shared); convert(0+4,private)', rba),
  convert.spread('alternating', 'complete', 'every other page shared is mapped, the others are not', 'convert(0+1,shared); convert(2+1,shared); convert(4+1,shared); convert(6+1,shared)'),
  convert.spread('alternating-filled', 'legal-calls', 'filling every other page maps each page once', 'convert(0+1,shared); convert(2+1,shared); convert(0+4,shared)'),
  convert.spread('hole-in-a-run', 'bounded', 'one page taken out of a shared run is unmapped alone', 'convert(0+4,shared); convert(1+1,private)', { isNegative: true }),
  convert.spread('hole-and-refill', 'coherent', 'a page taken out of a run and put back has its new frame', 'convert(0+4,shared); touch(1); convert(1+1,private); convert(1+1,shared); touch(1)'),
  convert.spread('split-equals-whole', 'complete', 'a range shared page by page equals one shared at once', 'convert(4+1,shared); convert(5+1,shared); convert(6+1,shared)'),
  convert.spread('grow-both-ways', 'complete', 'a run grown on both ends is mapped once over all', 'convert(2+2,shared); convert(1+1,shared); convert(4+1,shared)', { world: 'pages=12' }),
  convert.spread('shrink-both-ways', 'bounded', 'a run cut on both ends keeps its middle', 'convert(0+6,shared); convert(0+1,private); convert(5+1,private)', { world: 'pages=12' }),
  convert.spread('across-the-aliases', 'complete', 'a range across 4 GiB is mapped in both sections', 'convert(2+4,shared)', { source: 'QEMU 10.2.2 hw/vfio/listener.c; x86 layout with two aliases of one block' }),
  convert.spread('across-the-aliases-and-back', 'bounded', 'a range across 4 GiB leaves both sections again', 'convert(2+4,shared); convert(3+2,private)'),
  convert.spread('last-below-4g', 'complete', 'the last page below 4 GiB is mapped in the first section only', 'convert(3+1,shared)'),
  convert.spread('first-above-4g', 'complete', 'the first page above 4 GiB is mapped in the second section only', 'convert(4+1,shared)'),
  convert.spread('single-page-guest', 'complete', 'a guest of one page shares and takes back its page', 'convert(0+1,shared); convert(0+1,private); convert(0+1,shared)', { world: 'pages=1' }),
  convert.spread('ping-pong', 'coherent', 'a page flipped eight times ends on its newest frame', 'convert(0+1,shared); convert(0+1,private); convert(0+1,shared); convert(0+1,private); convert(0+1,shared); convert(0+1,private); convert(0+1,shared); touch(0)', { source: 'edk2 TDVF boot: thousands of small conversions; shape of one' }),
  convert.spread('two-mebibytes', 'complete', '512 pages in one request are 512 mappings', 'convert(0+512,shared)', { world: 'pages=1024', source: 'KVM TDX splits MapGPA into exits of at most 2 MiB' }),
  convert.spread('two-mebibytes-less-one', 'bounded', 'one page of a shared 2 MiB goes private alone', 'convert(0+512,shared); convert(511+1,private)', { world: 'pages=1024' }),
  convert.spread('touched-private-stays', 'bounded', 'private data of a page survives the sharing of its neighbour', 'touch(0); convert(1+1,shared); touch(1)'),
  convert.spread('data-dies-with-the-side', 'bounded', 'a page shared after private use holds one frame', 'touch(0); convert(0+1,shared); touch(0)', { isNegative: true, needs: ['twoBackend'] }),
  convert.spread('private-after-shared-use', 'bounded', 'a page private after shared use holds one frame', 'convert(0+1,shared); touch(0); convert(0+1,private); touch(0)', { isNegative: true }),
  convert.spread('swiotlb-like', 'bounded', 'a pool shared once and used stays mapped and right', 'convert(0+4,shared); touch(0); touch(3); convert(6+1,shared); convert(6+1,private); touch(1)'),
  convert.spread('opposite-halves', 'complete', 'two halves that trade sides trade mappings', 'convert(0+4,shared); convert(0+4,private); convert(4+4,shared)'),
];
