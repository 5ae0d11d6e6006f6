// SPDX-License-Identifier: MIT
import { family } from '../conformance-case.ts';

const RACE = 'QEMU 11.1.3 run (a device added while a vCPU converts): its pages are announced twice';
const LOCKS = 'QEMU 10.2.2 and 11.1: conversions run without the big lock (accel/kvm/kvm-all.c), devices and plug requests under it';
const nested = family({ prefix: 'nested', source: LOCKS, basis: 'derived', needs: ['assignment'] });
const plugging = family({ prefix: 'nested', source: LOCKS, basis: 'derived', needs: ['assignment', 'virtioMem'], world: 'vmem=2x2' });

/**
 * One operation inside another (nested, bound 1). Pages that pinning would fill are touched first where the number of an
 * event counts, so that it is the same on servers that pin nothing; an event inside a call stands for the call.
 */
export const NESTED = [
  nested.written('conversion-inside-attach', 'legal-calls', 'a page shared while a device comes is mapped once', 'convert(0+1,shared); touch(0); attach(c0); at(1,convert(2+1,shared)); dma(c0,2,write)', { isNegative: true, source: RACE, basis: 'observed', answers: { 3: '0', 4: '0', 5: '0 0xa2' } }),
  nested.written('unsharing-inside-attach', 'isolated', 'a page taken back while a device comes is not left with it', 'convert(0+1,shared); convert(2+1,shared); touch(0); attach(c0); at(1,convert(0+1,private)); dma(c0,0,read)', { isNegative: true, answers: { 6: '-EFAULT' } }),
  nested.written('attach-inside-conversion', 'hotplug', 'a device that comes while a page is shared gets it once', 'attach(c0); convert(0+1,shared); at(2,attach(c1)); dma(c1,0,write)', { source: RACE, basis: 'observed', answers: { 2: '0', 3: '0', 4: '0 0xa1' } }),
  nested.written('attach-inside-unsharing', 'hotplug', 'a device that comes while a page is taken back does not keep it', 'attach(c0); convert(0+2,shared); convert(0+1,private); at(1,attach(c1)); dma(c1,0,read); dma(c1,1,write)', { isNegative: true, answers: { 5: '-EFAULT', 6: '0 0xa1' } }),
  nested.written('detach-inside-conversion', 'nonfatal', 'a device may go while it is told of a conversion', 'attach(c0); attach(c1); convert(0+1,shared); at(2,detach(c1)); dma(c0,0,write)', { isNegative: true, answers: { 3: '0', 4: '0', 5: '0 0xa1' }, source: 'QEMU 11.1 (merge 9d526ed81d): the listener is freed while the list is walked; nobody has seen it' }),
  nested.written('detach-of-another-inside-conversion', 'complete', 'a device that goes before its turn changes nothing for the others', 'attach(c0); attach(c1); convert(0+1,shared); at(2,detach(c0)); dma(c1,0,write)', { answers: { 3: '0', 4: '0', 5: '0 0xa1' } }),
  nested.written('conversion-inside-detach', 'hotplug', 'a page shared while a device goes is not left with it', 'attach(c0); convert(0+1,shared); detach(c0); at(1,convert(1+1,shared)); attach(c0); dma(c0,1,write)', { isNegative: true, answers: { 3: '0', 4: '0', 6: '0 0xa1' } }),
  nested.written('opposite-conversions', 'bounded', 'a page that two vCPUs send to opposite sides ends on one of them', 'attach(c0); convert(0+1,shared); at(1,convert(0+1,private))', { isNegative: true }),
  nested.written('opposite-conversions-back', 'complete', 'a page shared while it is taken back ends as one of the two orders', 'attach(c0); convert(0+1,shared); convert(0+1,private); at(2,convert(0+1,shared)); touch(0); dma(c0,0,read)', { isNegative: true }),
  nested.written('same-conversion-twice', 'legal-calls', 'a page that two vCPUs share at a time is mapped once', 'attach(c0); convert(0+1,shared); at(2,convert(0+1,shared)); touch(0); dma(c0,0,read)', { isNegative: true, answers: { 2: '0', 3: '0', 5: '0 0xa1' } }),
  nested.written('conversions-of-neighbours', 'complete', 'conversions of two pages at a time do both', 'attach(c0); convert(0+2,shared); at(2,convert(2+1,shared)); dma(c0,1,write); dma(c0,2,write)', { answers: { 2: '0', 3: '0', 4: '0 0xa1', 5: '0 0xa2' } }),
  nested.written('touch-inside-sharing', 'coherent', 'what the guest writes while a page is shared is what a device reads', 'attach(c0); convert(0+1,shared); at(1,touch(0)); dma(c0,0,read)', { answers: { 4: '0 0xa1' } }),
  nested.written('dma-inside-unsharing', 'no-use-after-discard', 'an access to a page that is being taken back brings no memory back', 'attach(c0); convert(0+1,shared); touch(0); convert(0+1,private); at(2,dma(c0,0,write)); touch(0); dma(c0,0,read)', { isNegative: true, backends: ['vfio-user', 'vfio-user-strict'], answers: { 5: '-EFAULT', 7: '-EFAULT' } }),
  nested.written('balloon-inside-conversion', 'coordinated', 'the balloon is inhibited inside a conversion too', 'attach(c0); convert(0+1,shared); at(1,balloon(0+1))', { isNegative: true, answers: { 3: 'inhibited' } }),
  plugging.written('conversion-inside-plug', 'coexist', 'a page shared while its block is plugged is mapped', 'attach(c0); convert(8+1,shared); plug(m0,0+1); at(2,convert(9+1,shared)); dma(c0,9,write)', { answers: { 3: 'ACK', 4: '0', 5: '0 0xa1' } }),
  plugging.written('unsharing-inside-plug', 'coexist', 'a page taken back while its block is plugged is not mapped', 'attach(c0); convert(8+2,shared); plug(m0,0+1); at(2,convert(8+1,private)); dma(c0,8,read); dma(c0,9,write)', { isNegative: true, answers: { 3: 'ACK', 4: '0', 5: '-EFAULT', 6: '0 0xa1' } }),
  plugging.written('conversion-inside-unplug', 'bounded', 'a page shared while its block is unplugged holds no memory', 'attach(c0); convert(8+1,shared); plug(m0,0+1); unplug(m0,0+1); at(1,convert(9+1,shared)); plug(m0,0+1); dma(c0,9,write)', { isNegative: true, answers: { 4: 'ACK', 5: '0', 7: '0 0xa1' } }),
];
