// SPDX-License-Identifier: MIT
import type { ConformanceCase } from '../conformance-case.ts';
import { family } from '../conformance-case.ts';

const RUN = 'QEMU 11.1.3 run with virtio-mem on guest_memfd (vmem): mapped = plugged AND shared';
const coexist = family({ prefix: 'coexist', source: RUN, basis: 'derived', world: 'pages=4, vmem=2x4', needs: ['virtioMem'] });
const no = { isNegative: true } as const;

interface Step {
  readonly name: string;
  readonly operation: string;
  /** What QEMU 11.1.3 was seen to do when this step decides: the last to come, the first to go. */
  readonly seen: string;
}

const COMING: readonly Step[] = [
  { name: 'plug', operation: 'plug(m0,0+1)', seen: 'PLUG maps just the pages that were shared while unplugged' },
  { name: 'share', operation: 'convert(5+2,shared)', seen: 'sharing inside a plugged block maps the pages' },
  { name: 'attach', operation: 'attach(c0)', seen: 'a hot-added device maps the AND of both sources' },
];

const GOING: readonly Step[] = [
  { name: 'unplug', operation: 'unplug(m0,0+1)', seen: 'UNPLUG unmaps each shared run, to private while unplugged is remembered' },
  { name: 'take-back', operation: 'convert(5+2,private)', seen: 'to private inside a plugged block unmaps, replug maps what is still shared' },
  { name: 'detach', operation: 'detach(c0)', seen: 'a device that went is reached by nothing that follows (not part of that run)' },
];

function ordersOf(steps: readonly Step[]): Step[][] {
  if (steps.length < 2) return [[...steps]];
  return steps.flatMap((first) => ordersOf(steps.filter((step) => step !== first)).map((rest) => [first, ...rest]));
}

const line = (steps: readonly Step[]): string => steps.map(({ operation }) => operation).join('; ');
const name = (steps: readonly Step[]): string => steps.map((step) => step.name).join('-');

/** Plugging, sharing and a device, in whichever order they come: the same pages are mapped. */
const coming = ordersOf(COMING).map((steps): ConformanceCase => {
  const answers = { 4: '0 0xa1', 5: '-EFAULT', 6: '-EFAULT' };
  const fact = `${name(steps)}: a device reaches just the shared pages`;
  const source = `QEMU 11.1.3 run (vmem): ${steps.at(-1)!.seen}`;
  const operations = `${line(steps)}; dma(c0,5,write); dma(c0,4,read); dma(c0,8,read)`;
  return coexist.written(name(steps), 'coexist', fact, operations, { answers, source, basis: 'observed' });
});

/** In whichever order they go, and the block and the device come back: nothing is mapped that is not due. */
const going = ordersOf(GOING).map((steps): ConformanceCase => {
  const fact = `${name(steps)}: in this order nothing stays mapped`;
  const operations = `attach(c0); plug(m0,0+1); convert(4+4,shared); ${line(steps)}; plug(m0,0+1); attach(c0); dma(c0,5,read); dma(c0,7,write)`;
  const source = `QEMU 11.1.3 run (vmem): ${steps[0]!.seen}`;
  return coexist.written(name(steps), 'coexist', fact, operations, {
    ...no,
    answers: { 9: '-EFAULT', 10: '0 0xa1' },
    source,
    // That run had no device go.
    basis: 'derived',
  });
});

const fullSize = (what: string) =>
  ({ world: 'pages=4, vmem=2x512', source: `QEMU 10.2.2 hw/virtio/virtio-mem.c, blocks of 2 MiB on x86: ${what}`, basis: 'source' }) as const;

/** virtio-mem and conversions on one block; positions 4 to 11 are the device's two blocks. */
export const COEXISTENCE = [
  ...coming,
  ...going,
  coexist.written('full-size-block-in-part', 'coexist', 'of a plugged block of 2 MiB just the shared 4 KiB pages are mapped', 'attach(c0); convert(10+3,shared); convert(500+20,shared); plug(m0,0+1); dma(c0,515,write); dma(c0,517,read); dma(c0,13,read)', { ...fullSize('a plug is told as one range'), answers: { 5: '0 0xa1', 6: '-EFAULT', 7: '-EFAULT' } }),
  coexist.written('full-size-block-goes', 'coexist', 'a block of 2 MiB that is unplugged leaves no page mapped', 'attach(c0); plug(m0,0+2); convert(4+1024,shared); convert(100+1,private); unplug(m0,0+1); dma(c0,4,read); dma(c0,516,write)', { ...no, ...fullSize('an unplug is told as one range'), answers: { 6: '-EFAULT', 7: '0 0xa1' } }),
  coexist.written('full-size-blocks-in-turn', 'legal-calls', 'blocks of 2 MiB and pages of 4 KiB that change in turn cut nothing', 'attach(c0); plug(m0,0+1); convert(4+512,shared); convert(260+1,private); unplug(m0,0+1); convert(258+4,shared); plug(m0,0+1); convert(4+512,private); dma(c0,4,read)', { ...no, ...fullSize('granularity of a block beside the attributes\' 4 KiB'), answers: { 9: '-EFAULT' } }),
  coexist.written('full-size-plug-refused', 'atomic', 'a plug of 2 MiB refused at its last page leaves none mapped', 'attach(c0); convert(4+512,shared); refuse(c0,map,512,ENOMEM,once); plug(m0,0+1); dma(c0,4,read); heal; dma(c0,515,write)', { ...no, ...fullSize('a refused plug is undone over its whole range'), answers: { 4: 'BUSY', 5: '-EFAULT', 6: '0, 1 retried', 7: '0 0xa1' } }),
  coexist.written('three-devices', 'coexist', 'three devices of different block sizes keep apart', 'attach(c0); plug(m0,0+1); plug(m1,1+1); plug(m2,0+2); convert(4+16,shared); unplug(m1,1+1); dma(c0,4,write); dma(c0,14,read); dma(c0,16,write); dma(c0,17,write)', { world: 'pages=4, vmem=1x4,2x4,4x1', source: 'QEMU 11.1.3 run (vmem): each device\'s block has a manager of its own', basis: 'derived', answers: { 7: '0 0xa1', 8: '-EFAULT', 9: '0 0xa2', 10: '0 0xa3' } }),
  coexist.written('one-request-over-all-blocks', 'coexist', 'one sharing over a plugged, an unplugged and a plugged block maps two', 'attach(c0); plug(m0,0+1); plug(m0,2+1); convert(4+12,shared); dma(c0,7,write); dma(c0,8,read); plug(m0,1+1); dma(c0,8,write)', { world: 'pages=4, vmem=3x4', source: 'QEMU 11.1.3 run (vmem): populated runs of one request are what all sources call populated', basis: 'derived', answers: { 5: '0 0xa1', 6: '-EFAULT', 8: '0 0xa2' } }),
];
