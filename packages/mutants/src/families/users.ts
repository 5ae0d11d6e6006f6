// SPDX-License-Identifier: MIT
/** Reset, and what dump and migration are shown. */
import { leaveOut, mutate, withPlug } from '@sda-lab/conformance';
import { type EmitRun, intersectSection, type PageRange, type RamBlock, type Strategy, type View } from '@sda-lab/guest-memory';
import { notifierList } from '@sda-lab/notifier-list';
import { extendedRdm } from '@sda-lab/rdm-manager';
import { QEMU_STEPS } from '@sda-lab/virtio-mem';
import { inDevice } from '../in-part.ts';
import { CAREFUL, type Mutant } from '../mutant.ts';
import { rememberedMap } from '../remembered.ts';

/** One view is shown wrongly; the others are as they were. */
function showing(carrier: Strategy, wrongView: View, show: (emit: EmitRun) => EmitRun): Strategy {
  return mutate(carrier, () => ({
    instance: (instance) => ({
      ...instance,
      runs: (block, view, firstPage, endPage, emit) =>
        instance.runs(block, view, firstPage, endPage, view === wrongView ? show(emit) : emit),
    }),
  }));
}

function rangeNamed(blocks: readonly RamBlock[], rangeName: string): PageRange {
  const [name, firstPage, endPage] = rangeName.split(' ');
  return { block: blocks.find((block) => block.name === name)!, firstPage: Number(firstPage), endPage: Number(endPage) };
}

export const USERS: readonly Mutant[] = [
  {
    id: 'reset-keeps-mappings-and-bits',
    breaks: 'bounded',
    what: 'a reset turns the attributes private and tells nobody',
    where: 'strategy',
    source: 'QEMU 11.1.3 run (reset-system_reset): bitmap and mappings outlive the reset',
    carrier: extendedRdm,
    strategy: mutate(extendedRdm, () => ({ instance: (instance) => ({ ...instance, reset: () => 0 }) })),
  },
  {
    id: 'reset-unmaps-and-keeps-bits',
    breaks: 'hotplug',
    what: 'a reset unmaps everything, and a device that comes later is replayed what was shared before',
    where: 'strategy',
    source: 'QEMU 11.1.3 run (reset-device_add): a device added after a reset maps private pages',
    carrier: notifierList,
    strategy: mutate(notifierList, () => {
      const blocks: RamBlock[] = [];
      const stale = new Map<string, PageRange>();
      return {
        memory: () => rememberedMap(stale, (name) => rangeNamed(blocks, name)),
        instance: (instance) => ({
          ...instance,
          addBlock: (block) => {
            blocks.push(block);
            return instance.addBlock(block);
          },
          reset: () => {
            for (const block of blocks) {
              instance.runs(block, 'dma', 0, block.pageCount, (firstPage, endPage) => {
                stale.set(`${block.name} ${firstPage} ${endPage}`, { block, firstPage, endPage });
                return 0;
              });
            }
            return instance.reset();
          },
          subscribe: (consumer, section) => {
            for (const { block, firstPage, endPage } of stale.values()) {
              const shown = block === section.block ? intersectSection(section, firstPage, endPage) : undefined;
              if (shown !== undefined) consumer.mapRun(section, 'shared', shown.firstPage, shown.endPage - shown.firstPage, 1);
            }
            return instance.subscribe(consumer, section);
          },
        }),
      };
    }),
    regimes: ['two-backend'],
  },
  {
    id: 'dump-hides-private',
    breaks: 'consumers-see',
    what: 'a dump leaves private pages out as if they were unplugged',
    where: 'strategy',
    source: 'QEMU 10.2.2 system/memory_mapping.c: only populated runs are dumped, and private counts as discarded',
    carrier: extendedRdm,
    strategy: leaveOut(extendedRdm, 'private-view'),
  },
  {
    id: 'migration-clears-shared',
    breaks: 'consumers-see',
    what: 'the walk over discarded pages hands out shared ones, and migration clears their dirty bits',
    where: 'strategy',
    source: 'series v1 7/7, 20241213070852.106092-8: replay_discarded iterates the wrong runs',
    carrier: extendedRdm,
    strategy: showing(extendedRdm, 'migrate', (emit) => (first, end, side) => (side === 'shared' ? 0 : emit(first, end, side))),
  },
  {
    id: 'dump-takes-private-for-shared',
    breaks: 'consumers-see',
    what: 'a dump reads private pages as plain RAM and writes ciphertext or zeros',
    where: 'strategy',
    source: 'RFC series 20240725072118.358923-1, "Open": private memory treated as hot-removed or as plain RAM',
    carrier: notifierList,
    strategy: showing(notifierList, 'dump', (emit) => (first, end) => emit(first, end, 'shared')),
  },
  {
    id: 'migration-shows-unplugged',
    breaks: 'consumers-see',
    what: 'migration sends pages that virtio-mem has not plugged',
    where: 'strategy',
    source: CAREFUL,
    carrier: notifierList,
    strategy: mutate(notifierList, () => ({
      instance: (instance) => ({
        ...instance,
        runs: (block, view, firstPage, endPage, emit) =>
          view === 'migrate' ? emit(firstPage, endPage, 'private') : instance.runs(block, view, firstPage, endPage, emit),
      }),
    })),
  },
  {
    id: 'hands-out-runs-without-their-address',
    breaks: 'nonfatal',
    what: 'runs carry address 0 whatever section they are in; a dump asserts that addresses ascend',
    where: 'strategy',
    source: 'QEMU 11.1 (merge 9d526ed81d) system/ram-discard-manager.c: a replayed section has offset_within_address_space 0',
    carrier: notifierList,
    strategy: showing(notifierList, 'dump', (emit) => (first, end, side) => emit(first, end, side, 0)),
  },
  {
    id: 'syncs-dirty-bits-of-every-page',
    breaks: 'consumers-see',
    what: 'dirty sync and remap are shown all plugged pages, private ones as if they were mapped',
    where: 'strategy',
    source: 'series v1 7/7, 20241213070852.106092-8: which pages a replay means is decided by each caller',
    carrier: extendedRdm,
    strategy: mutate(extendedRdm, () => ({
      instance: (instance) => ({
        ...instance,
        runs: (block, view, firstPage, endPage, emit) =>
          view === 'dma'
            ? instance.runs(block, 'dump', firstPage, endPage, (first, end) => emit(first, end, 'shared'))
            : instance.runs(block, view, firstPage, endPage, emit),
      }),
    })),
    regimes: ['two-backend'],
  },
  {
    id: 'lets-a-viommu-map-anything',
    breaks: 'consumers-see',
    what: 'a vIOMMU mapping is not checked: private and unplugged pages are legal targets',
    where: 'strategy',
    source: 'QEMU 10.2.2 system/memory.c, memory_translate_iotlb: "iommu map to discarded memory"',
    carrier: notifierList,
    strategy: mutate(notifierList, () => ({
      instance: (instance) => ({
        ...instance,
        runs: (block, view, firstPage, endPage, emit) =>
          view === 'translate' ? emit(firstPage, endPage, 'shared') : instance.runs(block, view, firstPage, endPage, emit),
      }),
    })),
    regimes: ['two-backend'],
  },
  {
    id: 'tells-nothing-of-a-restored-bitmap',
    breaks: 'consumers-see',
    what: 'the blocks that an incoming migration restores are marked, and no device hears of them',
    where: 'strategy',
    source: 'QEMU 10.2.2 hw/virtio/virtio-mem.c, virtio_mem_post_load_bitmap replays them to listeners that are there already',
    carrier: extendedRdm,
    strategy: mutate(extendedRdm, () => ({ instance: (instance) => withPlug(instance, { loaded: () => 0 }) })),
  },
  {
    id: 'plugs-while-migrating',
    breaks: 'consumers-see',
    what: 'plug and unplug go on while a migration runs, which has asked what there is already',
    source: 'QEMU 10.2.2 hw/virtio/virtio-mem.c: virtio_mem_is_busy',
    ...inDevice(notifierList, {
      refusal: (state, type, range) => QEMU_STEPS.refusal({ ...state, isMigrating: () => false }, type, range),
    }),
  },
];
