// SPDX-License-Identifier: MIT
/** The path of a request from the exit to the design: which pages of which block, and which guest pages, it names. */
import { mutate } from '@sda-lab/conformance';
import { type ConversionRequest, convertMemory, PAGE_BYTES, type Strategy } from '@sda-lab/guest-memory';
import { notifierList } from '@sda-lab/notifier-list';
import { extendedRdm } from '@sda-lab/rdm-manager';
import { CAREFUL, type Mutant } from '../mutant.ts';

const PATH = 'QEMU 10.2.2 accel/kvm/kvm-all.c, kvm_convert_memory';

/** The design is handed another request than the guest made. */
function requesting(carrier: Strategy, wrong: (request: ConversionRequest) => ConversionRequest | undefined): Strategy {
  return mutate(carrier, () => ({
    instance: (instance) => ({
      ...instance,
      convert: (request, to) => {
        const handed = wrong(request);
        return handed === undefined ? 0 : instance.convert(handed, to);
      },
    }),
  }));
}

/** What begins in RAM goes the right way. */
const movedOutOfHoles: typeof convertMemory = (memory, instance, path, startBytes, sizeBytes, to) => {
  const pageBytes = BigInt(PAGE_BYTES);
  const [firstGfn, endGfn] = [Number(startBytes / pageBytes), Number((startBytes + sizeBytes) / pageBytes)];
  const found = memory.addressSpace.firstOverlap(firstGfn, endGfn);
  const startsInHole = found !== undefined && found.firstGfn > firstGfn;
  if (!startsInHole) return convertMemory(memory, instance, path, startBytes, sizeBytes, to);
  const sectionBytes = BigInt(found.pageCount) * pageBytes;
  const cutBytes = sizeBytes < sectionBytes ? sizeBytes : sectionBytes;
  return convertMemory(memory, instance, path, BigInt(found.firstGfn) * pageBytes, cutBytes, to);
};

export const REQUESTS: readonly Mutant[] = [
  {
    id: 'hands-on-the-first-section-unclipped',
    breaks: 'bounded',
    what: 'a request over two sections is handed on whole, as if the first one showed all of it',
    where: 'conversion path',
    source: `${PATH}: the size is that of the request, not of the section; observed on 11.1.3`,
    carrier: extendedRdm,
    strategy: { ...extendedRdm, requestPath: 'first-section' },
  },
  {
    id: 'shifts-a-request-that-starts-in-a-hole',
    breaks: 'coordinated',
    what: 'a request that starts in a hole is moved to where the section begins, as long as it was, cut at its end',
    where: 'conversion path',
    source: `${PATH}: memory_region_find may answer a range that starts later; observed on 11.1.3`,
    carrier: notifierList,
    strategy: notifierList,
    parts: { convertMemory: movedOutOfHoles },
  },
  {
    id: 'takes-guest-pages-for-block-pages',
    breaks: 'progress',
    what: 'guest page numbers are taken for pages of the block; in the second alias they are past its end',
    where: 'conversion path',
    source: 'x86 layout with two aliases of one block: right for every address below 4 GiB',
    carrier: extendedRdm,
    strategy: requesting(extendedRdm, ({ pages, gfns }) => ({
      pages: { block: pages.block, firstPage: gfns.firstGfn, endPage: gfns.endGfn },
      gfns,
    })),
  },
  {
    id: 'takes-block-pages-for-guest-pages',
    breaks: 'atomic',
    what: 'the attributes are set at the offset in the block, which is another address in the second alias',
    where: 'conversion path',
    source: CAREFUL,
    carrier: notifierList,
    strategy: requesting(notifierList, ({ pages }) => ({
      pages,
      gfns: { firstGfn: pages.firstPage, endGfn: pages.endPage },
    })),
    regimes: ['two-backend'],
  },
  {
    id: 'leaves-the-last-page-out',
    breaks: 'complete',
    what: 'the attributes are set for the whole request, the design hears of all but its last page',
    where: 'conversion path',
    source: 'KVM_EXIT_MEMORY_FAULT and MAPGPA name sizes, traces of hw/vfio inclusive ends',
    carrier: extendedRdm,
    strategy: mutate(extendedRdm, () => ({
      instance: (instance, host) => ({
        ...instance,
        convert: (request, to) => {
          const { block, firstPage, endPage } = request.pages;
          const { firstGfn, endGfn } = request.gfns;
          const pages = { block, firstPage, endPage: endPage - 1 };
          const isSingle = endPage - firstPage === 1;
          const status = isSingle ? 0 : instance.convert({ pages, gfns: { firstGfn, endGfn: endGfn - 1 } }, to);
          return status === 0 ? host.setAttributes({ firstGfn: endGfn - 1, endGfn }, to) : status;
        },
      }),
    })),
    regimes: ['two-backend'],
  },
  {
    id: 'drops-what-lies-above-4-gib',
    breaks: 'atomic',
    what: 'a request is answered with success when the block is found, and only the first alias looked at',
    where: 'conversion path',
    source: CAREFUL,
    carrier: notifierList,
    strategy: requesting(notifierList, (request) => (request.gfns.firstGfn >= 0x100000 ? undefined : request)),
  },
];
