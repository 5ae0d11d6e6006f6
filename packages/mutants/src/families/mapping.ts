// SPDX-License-Identifier: MIT
/** The shape of map and unmap calls as a design asks for them: clipped, one granule per page, exactly what is mapped. */
import { leaveOut, mutate, passOn } from '@sda-lab/conformance';
import { intersectSection } from '@sda-lab/guest-memory';
import { notifierList } from '@sda-lab/notifier-list';
import { extendedRdm } from '@sda-lab/rdm-manager';
import { type Follower, followerNamed, nameOf } from '../follower.ts';
import { CAREFUL, type Mutant } from '../mutant.ts';
import { rememberedMap } from '../remembered.ts';

export const MAPPING: readonly Mutant[] = [
  {
    id: 'forgets-to-clip',
    breaks: 'bounded',
    what: 'a change is told whole to each section of the block, also the pages a section does not show',
    where: 'strategy',
    source: 'QEMU 10.2.2 system/memory.c, memory_region_section_intersect_range: what a plain notifier list lacks',
    carrier: extendedRdm,
    strategy: leaveOut(extendedRdm, 'clip'),
  },
  {
    id: 'clips-one-page-short',
    breaks: 'complete',
    what: 'the last page of a section is taken for the first page behind it',
    where: 'strategy',
    source: CAREFUL,
    carrier: notifierList,
    strategy: mutate(notifierList, () => ({
      consumer: (consumer) =>
        passOn(consumer, {
          mapRun: (section, side, firstPage, pageCount, granulePages) => {
            const lastPage = section.firstPage + section.pageCount - 1;
            const count = Math.min(pageCount, lastPage - firstPage);
            return count === 0 ? 0 : consumer.mapRun(section, side, firstPage, count, granulePages);
          },
        }),
    })),
  },
  {
    id: 'maps-runs-as-one',
    breaks: 'legal-calls',
    what: 'a run is one mapping, so a page of it cannot go alone: type1 refuses the cut',
    where: 'strategy',
    source: 'QEMU 10.2.2 hw/vfio/listener.c maps in granules because an unmap cannot split',
    carrier: notifierList,
    strategy: leaveOut(notifierList, 'granularity'),
    backends: ['type1v2'],
  },
  {
    id: 'takes-a-masked-cut-for-an-unmap',
    breaks: 'bounded',
    what: 'the same on iommufd, where QEMU turns the ENOENT of a cut into success and the mapping stays',
    where: 'strategy',
    source: 'QEMU 10.2.2 hw/vfio/iommufd.c: ENOENT counts as success; Linux 7.2 answers it for a cut too',
    carrier: extendedRdm,
    strategy: leaveOut(extendedRdm, 'granularity'),
    backends: ['iommufd'],
  },
  {
    id: 'latches-a-coarse-granule',
    breaks: 'legal-calls',
    what: 'mappings keep the granule of two pages that counted when the device came',
    where: 'strategy',
    source: 'QEMU 11.1 (merge 9d526ed81d) hw/vfio/listener.c: granularity is latched at registration, sources come later',
    carrier: extendedRdm,
    strategy: mutate(extendedRdm, () => ({
      consumer: (consumer) =>
        passOn(consumer, {
          mapRun: (section, side, firstPage, pageCount) => consumer.mapRun(section, side, firstPage, pageCount, 2),
        }),
    })),
  },
  {
    id: 'unmaps-what-is-not-mapped',
    breaks: 'legal-calls',
    what: 'unmaps name the whole range of a change, holes included',
    where: 'strategy',
    source: 'QEMU 10.2.2 hw/virtio/virtio-mem.c: double discards; harmless for the kernel through QEMU, not for a strict server',
    carrier: notifierList,
    strategy: leaveOut(notifierList, 'exact-unmaps'),
    backends: ['vfio-user-strict'],
  },
  {
    id: 'maps-twice',
    breaks: 'legal-calls',
    what: 'a page that is shared again is mapped again',
    where: 'strategy',
    source: CAREFUL,
    carrier: notifierList,
    strategy: mutate(notifierList, () => {
      const followed = new Map<string, Follower>();
      return {
        memory: (cast) => rememberedMap(followed, (name) => followerNamed(cast, name)),
        instance: (instance) => ({
          ...instance,
          subscribe: (...follower) => {
            followed.set(nameOf(follower), follower);
            return instance.subscribe(...follower);
          },
          convert: (request, to) => {
            const { block, firstPage, endPage } = request.pages;
            for (const [consumer, section] of to === 'shared' ? followed.values() : []) {
              const shown = section.block === block ? intersectSection(section, firstPage, endPage) : undefined;
              if (shown === undefined) continue;
              instance.runs(block, 'dma', shown.firstPage, shown.endPage, (first, end) =>
                consumer.mapRun(section, 'shared', first, end - first, 1),
              );
            }
            return instance.convert(request, to);
          },
        }),
      };
    }),
  },
  {
    id: 'lets-the-listener-undo-a-range',
    breaks: 'legal-calls',
    what: 'the listener undoes a refused run by one unmap of all of it, which names no mapping of a strict server',
    where: 'listener',
    source: 'QEMU 10.2.2 hw/vfio/listener.c, vfio_ram_discard_notify_populate; vfio-user: an unmap is exactly one mapping',
    carrier: extendedRdm,
    strategy: { ...extendedRdm, listener: { ...extendedRdm.listener, rollback: 'run' } },
    backends: ['vfio-user-strict'],
  },
  {
    id: 'maps-finer-than-the-iommu',
    breaks: 'legal-calls',
    what: 'a container whose smallest page is two pages is mapped page by page',
    where: 'strategy',
    source: 'QEMU 10.2.2 hw/vfio/listener.c asserts that the granularity is no finer than the smallest IOMMU page',
    carrier: extendedRdm,
    strategy: mutate(extendedRdm, () => ({ consumer: (consumer) => passOn(consumer, { smallestPages: 1 }) })),
  },
];
