// SPDX-License-Identifier: MIT
import type { PlantedFault } from './planted-fault.ts';
import * as region from './strategies/region-faults.ts';

/** About requests in bytes, huge pages, sources and memslots that come and go. */
export const REGIONS: readonly PlantedFault[] = [
  {
    name: 'a request over the end of low RAM, unclipped, frees a page above 4 GiB',
    strategy: region.goesByTheFirstSection,
    line: 'attach(c0); touch(4); request(0x3000+0x2000,shared)',
    caughtBy: 'request/over-the-end-to-shared',
    falls: 'coordinated',
    at: 2,
    evidence: { reason: 'uncoordinated-discard', position: 4, detail: 'a conversion of other pages' },
    words:
      'Let operation 3, request(0x3000+0x2000,shared), be done. Then a conversion of other pages is refused or skips while ' +
      'a device is attached. However, it discarded page 4.',
    also: ['bounded'],
  },
  {
    name: 'a request from a hole, shifted, maps a page it did not name',
    strategy: region.goesByTheFirstSection,
    line: 'world(firmware=2); attach(c0); request(0xffffc000+0x2000,shared)',
    caughtBy: 'request/from-a-hole-to-shared',
    falls: 'bounded',
    at: 1,
    evidence: { reason: 'lingering-mapping', container: 'c0', position: 9, deviceFrame: 3 },
    words:
      'Let operation 2, request(0xffffc000+0x2000,shared), be done. Then c0 must not map page 9, which is private or ' +
      'unplugged. However, it still leads to frame 3, which stays pinned beside the memory the guest uses.',
    also: ['coordinated'],
  },
  {
    name: 'a sharing that is granted and not done leaves KVM on the other side',
    strategy: region.onlySaysYes,
    line: 'attach(c0); convert(2+1,shared)',
    caughtBy: 'request/inside-one-section',
    falls: 'atomic',
    at: 1,
    evidence: { reason: 'success-without-change', position: 2, detail: 'shared' },
    words:
      'Let operation 2, convert(2+1,shared), be done. Then a conversion that reports success leaves page 2 shared. ' +
      'However, KVM still has it on the other side: the guest and its VMM disagree.',
    also: [],
  },
  {
    name: 'a huge page that is never freed is paid twice',
    strategy: region.keepsHugePages,
    line: 'world(pages=2, hugetlb=2); convert(0+2,shared); touch(0); convert(0+2,private); touch(1)',
    caughtBy: 'hugetlb/page-by-page',
    falls: 'bounded',
    at: 3,
    evidence: { reason: 'two-frames', position: 1, detail: 'frames 2 and 3' },
    words:
      'Let operation 4, touch(1), be done. Then one frame over both sides may exist for page 1. ' +
      'However, both sides hold one (frames 2 and 3): the page costs twice its size.',
    also: [],
  },
  {
    name: 'a huge page freed with its first private page takes its neighbour along',
    strategy: region.freesHugePagesEarly,
    line: 'world(pages=2, hugetlb=2); convert(0+2,shared); convert(1+1,private)',
    caughtBy: 'hugetlb/rest-stays-usable',
    falls: 'coordinated',
    at: 1,
    evidence: { reason: 'uncoordinated-discard', position: 0, detail: 'a conversion of other pages' },
    words:
      'Let operation 2, convert(1+1,private), be done. Then a conversion of other pages is refused or skips while a device ' +
      'is attached. However, it discarded page 0.',
    also: [],
  },
  {
    name: 'a source that comes to a design that unmaps nothing leaves mappings of freed memory',
    strategy: region.takesSourcesBlindly,
    line: 'world(pages=2, vmem=1x2); del-source(m0); attach(c0); convert(3+1,shared); add-source(m0)',
    caughtBy: 'source/comes-and-takes-away',
    falls: 'coexist',
    at: 3,
    evidence: { reason: 'lingering-mapping', container: 'c0', position: 3, deviceFrame: 2 },
    words:
      'Let operation 4, add-source(m0), be done. Then c0 must not map page 3, which is private or unplugged. ' +
      'However, it still leads to frame 2, which stays pinned beside the memory the guest uses.',
    also: ['bounded', 'hotplug'],
  },
  {
    name: 'a source that goes from a design that maps nothing leaves what it gave back out of reach',
    strategy: region.forgetsWhatSourcesGiveBack,
    line: 'world(pages=2, vmem=1x2); attach(c0); convert(3+1,shared); del-source(m0)',
    caughtBy: 'source/goes-and-gives-back',
    falls: 'coexist',
    at: 2,
    evidence: { reason: 'not-mapped', container: 'c0', position: 3 },
    words:
      'Let operation 3, del-source(m0), be done. Then page 3, plugged and shared, must be mapped in c0. ' +
      "However, c0 has no mapping of it: the device's accesses fail.",
    also: ['complete'],
  },
  {
    name: 'a memslot that comes again private is mapped by a design that did not hear of it',
    strategy: region.ignoresSlots,
    line: 'world(pages=2, vmem=2x1/1); attach(c0); plug(m0,0+1); convert(2+1,shared); unplug(m0,0+1); plug(m0,0+1)',
    caughtBy: 'memslot/comes-again-private',
    falls: 'coexist',
    at: 4,
    evidence: { reason: 'lingering-mapping', container: 'c0', position: 2, deviceFrame: 2 },
    words:
      'Let operation 5, plug(m0,0+1), be done. Then c0 must not map page 2, which is private or unplugged. ' +
      'However, it still leads to frame 2, which stays pinned beside the memory the guest uses.',
    also: ['bounded'],
  },
];
