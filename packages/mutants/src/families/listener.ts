// SPDX-License-Identifier: MIT
/** QEMU's container listener going wrong, under designs that do their part. */
import { notifierList } from '@sda-lab/notifier-list';
import { extendedRdm, multiSourceRdm, rdmPrivateAsDiscarded } from '@sda-lab/rdm-manager';
import { cutAtGranules, QEMU_LISTENER_STEPS } from '@sda-lab/vfio-mock';
import { inListener } from '../in-part.ts';
import { CAREFUL, type Mutant } from '../mutant.ts';

const VFIO = 'QEMU 10.2.2 hw/vfio/listener.c';

export const LISTENER: readonly Mutant[] = [
  {
    id: 'maps-the-rom-writable',
    breaks: 'rights',
    what: 'a read-only section is mapped with write rights',
    source: `${VFIO}, vfio_listener_region_add: the flag comes from the section, not from the region`,
    ...inListener(extendedRdm, { isWritable: () => true }),
  },
  {
    id: 'takes-the-block-offset-for-the-address',
    breaks: 'bounded',
    what: 'pages are mapped at their offset in the block; right below 4 GiB, wrong in the second alias',
    source: 'QEMU commit 27b28632d0, hw/vfio/listener.c: translated_addr of sections that are not mapped one to one',
    ...inListener(extendedRdm, { gfnOf: (_section, page) => page }),
  },
  {
    id: 'forgets-the-offset-in-the-region',
    breaks: 'complete',
    what: 'the address of a run is counted from the section, the run from the block',
    source: 'QEMU 11.1 (merge 9d526ed81d) system/ram-discard-manager.c: a replayed run carries no address of its own',
    ...inListener(notifierList, { gfnOf: (section, page) => section.firstGfn + page }),
  },
  {
    id: 'cuts-granules-at-addresses',
    breaks: 'legal-calls',
    what: 'granule boundaries follow guest addresses, not offsets in the block',
    source: `${VFIO}, vfio_ram_discard_notify_populate rounds offset_within_region up`,
    ...inListener(multiSourceRdm, {
      pieces: (section, run, granulePages) =>
        cutAtGranules(run, granulePages, section.firstGfn + run.firstPage - section.firstPage),
    }),
    proof:
      'A granule is a page where the block has guest_memfd, and every page is a boundary in both numberings. Elsewhere it ' +
      'is a block of virtio-mem, whose address and whose offset in the RAM block are multiples of it (QEMU refuses others), ' +
      'so the boundaries coincide again. It would show for a section that begins between two of its granules.',
  },
  {
    id: 'maps-one-call-per-run',
    breaks: 'legal-calls',
    what: 'a run is mapped in one call instead of one per granule',
    source: `${VFIO}: "in minimum granularity" is for the unmaps that come later`,
    ...inListener(notifierList, { pieces: (_section, run) => [{ ...run, granulePages: run.pageCount }] }),
  },
  {
    id: 'forgets-the-last-piece',
    breaks: 'complete',
    what: 'the loop over granules ends one granule early',
    source: CAREFUL,
    ...inListener(extendedRdm, {
      pieces: (_section, run, granulePages) => [
        { ...run, pageCount: Math.max(granulePages, run.pageCount - granulePages), granulePages },
      ],
    }),
  },
  {
    id: 'unmaps-the-first-granule',
    breaks: 'order',
    what: 'the one unmap of a run names its first page only',
    source: `${VFIO}, vfio_ram_discard_notify_discard: one call for all granules`,
    ...inListener(notifierList, { unmapped: (_section, { firstPage }) => ({ firstPage, pageCount: 1 }) }),
  },
  {
    id: 'unmaps-the-whole-section',
    breaks: 'complete',
    what: 'the unmap of a run names the section, as at the listener\'s end',
    source: `${VFIO}: unregister_listener does so; a discard must not`,
    ...inListener(extendedRdm, { unmapped: ({ firstPage, pageCount }) => ({ firstPage, pageCount }) }),
  },
  {
    id: 'takes-every-unmap-for-done',
    breaks: 'order',
    what: 'any error of an unmap counts as success, not ENOENT alone',
    source: 'QEMU 10.2.2 hw/vfio/iommufd.c, iommufd_cdev_unmap turns ENOENT into success',
    ...inListener(extendedRdm, { unmapAnswer: () => 0 }),
  },
  {
    id: 'rolls-back-nothing',
    breaks: 'legal-calls',
    what: 'a listener whose run was refused keeps the granules it had mapped; a repeated run maps them again',
    source: `${VFIO}, vfio_ram_discard_notify_populate: the whole run is unmapped on an error`,
    ...inListener(rdmPrivateAsDiscarded, { rolledBack: () => undefined }),
  },
  {
    id: 'rolls-back-one-page-short',
    breaks: 'legal-calls',
    what: 'the last mapped granule of a refused run is taken for the refused one',
    source: CAREFUL,
    ...inListener(rdmPrivateAsDiscarded, {
      rolledBack: ({ firstPage }, mappedPages) => (mappedPages < 2 ? undefined : { firstPage, pageCount: mappedPages - 1 }),
    }),
  },
  {
    id: 'follows-the-first-section-of-a-block',
    breaks: 'hotplug',
    what: 'a block that two sections show is followed through the first only',
    source: 'x86 layout with two aliases of one block; a table keyed by block instead of section',
    ...inListener(extendedRdm, {
      arriving: (sections) => sections.filter((one, at) => sections.findIndex(({ block }) => block === one.block) === at),
    }),
  },
  {
    id: 'departs-from-all-but-the-last-section',
    breaks: 'hotplug',
    what: 'the walk over a container\'s sections ends one early when it goes',
    source: CAREFUL,
    ...inListener(notifierList, { departing: (sections) => sections.slice(0, -1) }),
  },
  {
    id: 'maps-the-rom-one-page-long',
    breaks: 'legal-calls',
    what: 'the end of a section is taken for its last page',
    source: `${VFIO}: the end is inclusive in traces and exclusive in the code`,
    ...inListener(extendedRdm, { window: ({ firstPage, pageCount }) => ({ firstPage, pageCount: pageCount + 1 }) }),
  },
  {
    id: 'takes-no-count',
    breaks: 'coordinated',
    what: 'a container comes without disabling uncoordinated discards, and the balloon goes on under it',
    source: 'QEMU 10.2.2 hw/vfio/container-legacy.c, "Cannot set discarding of RAM broken"',
    ...inListener(extendedRdm, { coordinate: () => 0 }),
  },
  {
    id: 'keeps-the-count-of-a-refused-attach',
    breaks: 'hotplug',
    what: 'an attach that was refused does not give its discard coordination count back',
    source: 'QEMU 10.2.2 system/physmem.c, ram_block_add: such a count is not given back when guest_memfd cannot be made',
    ...inListener(notifierList, {
      coordinate: (coordination, occasion) =>
        occasion === 'refused' ? 0 : QEMU_LISTENER_STEPS.coordinate(coordination, occasion),
    }),
  },
  {
    id: 'keeps-the-count-at-detach',
    breaks: 'hotplug',
    what: 'a device that goes leaves the balloon inhibited for good',
    source: CAREFUL,
    ...inListener(extendedRdm, {
      coordinate: (coordination, occasion) =>
        occasion === 'detach' ? 0 : QEMU_LISTENER_STEPS.coordinate(coordination, occasion),
    }),
  },
];
