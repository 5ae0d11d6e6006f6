// SPDX-License-Identifier: MIT
/** Sources that come and go under live consumers, memslots that come again, and the end of a guest. */
import { leaveOut, mutate, passOn, type Plant } from '@sda-lab/conformance';
import { assert, type Instance, type Strategy } from '@sda-lab/guest-memory';
import { notifierList } from '@sda-lab/notifier-list';
import { extendedRdm, multiSourceRdm, QEMU_11_1_STEPS } from '@sda-lab/rdm-manager';
import { QEMU_STEPS } from '@sda-lab/virtio-mem';
import { inDevice, inManager } from '../in-part.ts';
import { CAREFUL, type Mutant } from '../mutant.ts';
import { rememberedSets } from '../remembered.ts';

/** While a source changes, calls to consumers are answered 0 and not made. */
function silentWhile(carrier: Strategy, change: 'attachSource' | 'detachSource'): Strategy {
  return mutate(carrier, () => {
    let isSilent = false;
    return {
      consumer: (consumer) =>
        passOn(consumer, {
          mapRun: (...run) => (isSilent ? 0 : consumer.mapRun(...run)),
          unmapRun: (...run) => (isSilent ? 0 : consumer.unmapRun(...run)),
        }),
      instance: (instance) => ({
        ...instance,
        [change]: (...source: Parameters<Instance['attachSource']>) => {
          isSilent = true;
          const status = instance[change](...source);
          isSilent = false;
          return status;
        },
      }),
    };
  });
}

/** Whether one of the names begins with the block's. */
function concerns(names: ReadonlySet<string>, block: string): boolean {
  return [...names].some((name) => name.startsWith(`${block} `));
}

/**
 * Removing a source from a list that listeners may read is put off until the block is reclaimed (call_rcu), and that is
 * after its manager is finalized. Without listeners a source is removed at once.
 */
function reclaimingLate(): Plant {
  /** By block and source. */
  const sources = new Set<string>();
  /** By block, consumer and section. */
  const readers = new Set<string>();
  const instance = (inner: Instance): Instance => ({
    ...inner,
    attachSource: (block, source) => {
      const status = inner.attachSource(block, source);
      if (status === 0) sources.add(`${block.name} ${source.name}`);
      return status;
    },
    detachSource: (block, source) => {
      const status = inner.detachSource(block, source);
      if (status === 0 && !concerns(readers, block.name)) sources.delete(`${block.name} ${source.name}`);
      return status;
    },
    subscribe: (consumer, section) => {
      const status = inner.subscribe(consumer, section);
      if (status === 0) readers.add(`${section.block.name} ${consumer.name} ${section.name}`);
      return status;
    },
    unsubscribe: (consumer, section) => {
      inner.unsubscribe(consumer, section);
      readers.delete(`${section.block.name} ${consumer.name} ${section.name}`);
    },
    removeBlock: (block) => {
      inner.removeBlock(block);
      assert(!concerns(sources, block.name), 'a manager is finalized without sources');
    },
  });
  return { instance, memory: () => rememberedSets(sources, readers) };
}

const ELEVEN = 'QEMU 11.1 (merge 9d526ed81d) system/ram-discard-manager.c';

export const SOURCES: readonly Mutant[] = [
  {
    id: 'a-source-that-comes-takes-nothing-away',
    breaks: 'coexist',
    what: 'a source that joins late is asked from then on; what it calls unplugged stays mapped',
    where: 'strategy',
    source: `${ELEVEN}, add_source: each listener hears the new source's discarded runs`,
    carrier: extendedRdm,
    strategy: silentWhile(extendedRdm, 'attachSource'),
  },
  {
    id: 'a-source-that-goes-gives-nothing-back',
    breaks: 'coexist',
    what: 'a source leaves, and the pages it alone had called unplugged stay unmapped',
    where: 'strategy',
    source: `${ELEVEN}, del_source: each listener hears what only that source had discarded`,
    carrier: notifierList,
    strategy: silentWhile(notifierList, 'detachSource'),
  },
  {
    id: 'tells-nothing-when-sources-change',
    breaks: 'coexist',
    what: 'the walk over a source\'s own blocks begins behind the last one',
    source: CAREFUL,
    ...inManager({ ownBlocksFrom: () => Number.MAX_SAFE_INTEGER }),
  },
  {
    id: 'skips-the-first-block-of-a-source',
    breaks: 'coexist',
    what: 'the walk over a source\'s own blocks begins one block late',
    source: `${ELEVEN}: the walk is aligned down; aligning up loses a block`,
    ...inManager({ ownBlocksFrom: (windowFirst, granularity) => windowFirst - (windowFirst % granularity) + granularity }),
  },
  {
    id: 'gives-back-without-asking-the-others',
    breaks: 'coexist',
    what: 'when a source goes, what it had discarded is populated whatever other sources say',
    source: CAREFUL,
    ...inManager({
      asked: (occasion, sources, caller) => (occasion === 'delete' ? [] : QEMU_11_1_STEPS.asked(occasion, sources, caller)),
    }),
  },
  {
    id: 'keeps-the-granularity-of-the-first-source',
    breaks: 'legal-calls',
    what: 'a finer source that joins later does not make the granularity finer, and a device maps too coarsely',
    source: `${ELEVEN}: recomputed at the end of each add and del; a listener that is there has latched the old one`,
    ...inManager({ granularityAfter: (_change, before, after) => (before === 0 ? after : before) }),
  },
  {
    id: 'keeps-shared-bits-of-a-slot-that-comes-again',
    breaks: 'coexist',
    what: 'a memslot that comes again is private for KVM and still shared for the design',
    where: 'strategy',
    source: 'QEMU 10.2.2 accel/kvm/kvm-all.c, kvm_set_phys_mem sets a new slot private; RamBlockAttributes is not told',
    carrier: notifierList,
    strategy: leaveOut(notifierList, 'slot-readd'),
    regimes: ['two-backend'],
  },
  {
    id: 'bits-before-the-memslot',
    breaks: 'legal-calls',
    what: 'bits are set before the memslot comes: its listener is replayed the blocks, and then told of them again',
    source: 'QEMU 10.2.2 hw/virtio/virtio-mem.c: bits last, so that listeners of new memslots are not told twice',
    ...inDevice(multiSourceRdm, {
      activate: (state, source, range) => {
        state.steps.mark(state, range, true);
        const status = QEMU_STEPS.activate(state, source, range);
        if (status !== 0) state.steps.mark(state, range, false);
        return status;
      },
    }),
  },
  {
    id: 'takes-away-a-memslot-in-use',
    breaks: 'coexist',
    what: 'a memslot goes when one of its blocks is unplugged, not when the last one is',
    source: 'QEMU 10.2.2 hw/virtio/virtio-mem.c, virtio_mem_deactivate_unplugged_memslots: only fully unplugged ones',
    ...inDevice(extendedRdm, {
      emptiedMemslots: (state, range) => {
        if (state.memslots === undefined) return [];
        const { blocksPerMemslot, active } = state.memslots;
        const first = Math.floor(range.firstBlock / blocksPerMemslot);
        const end = Math.ceil(range.endBlock / blocksPerMemslot);
        return Array.from({ length: end - first }, (_, at) => first + at).filter((index) => active.test(index));
      },
    }),
  },
  {
    id: 'finalizes-with-live-sources',
    breaks: 'nonfatal',
    what: 'a source that goes under listeners leaves in a callback, which runs after the manager is finalized',
    where: 'manager',
    source: 'C. Le Goater on v2, 25 Feb 2026; QEMU commit a6f1bc9846: power-down aborts in ram_discard_manager_finalize',
    carrier: multiSourceRdm,
    strategy: mutate(multiSourceRdm, reclaimingLate),
  },
  {
    id: 'asserts-the-page-size',
    breaks: 'nonfatal',
    what: 'a block whose shared side lies on hugetlbfs ends the VMM: its page size is not the host\'s',
    where: 'strategy',
    source: 'QEMU 10.1 system/ram-block-attributes.c, fixed by commit 8922a758b2; report of October 2025',
    carrier: extendedRdm,
    strategy: mutate(extendedRdm, () => ({
      instance: (instance) => ({
        ...instance,
        convert: (request, to) => {
          assert((request.pages.block.hugePages ?? 1) === 1, "a block's page size is the host's");
          return instance.convert(request, to);
        },
      }),
    })),
    regimes: ['two-backend'],
  },
  {
    id: 'keeps-huge-pages',
    breaks: 'bounded',
    what: 'on hugetlbfs the shared side stays allocated when a page turns private',
    where: 'strategy',
    source: 'QEMU 10.2.2 accel/kvm/kvm-all.c, kvm_convert_memory returns before the discard',
    carrier: notifierList,
    strategy: leaveOut(notifierList, 'huge-pages'),
    regimes: ['two-backend'],
  },
  {
    id: 'frees-whole-huge-pages',
    breaks: 'coherent',
    what: 'on hugetlbfs the huge page around a page that turns private is freed, its shared neighbours included',
    where: 'strategy',
    source: CAREFUL,
    carrier: extendedRdm,
    strategy: mutate(extendedRdm, () => ({
      instance: (instance, host) => ({
        ...instance,
        convert: (request, to) => {
          const status = instance.convert(request, to);
          const { block, firstPage, endPage } = request.pages;
          const { hugePages = 1 } = block;
          if (status !== 0 || to === 'shared' || hugePages === 1) return status;
          const first = firstPage - (firstPage % hugePages);
          return host.discard({ block, firstPage: first, endPage: Math.ceil(endPage / hugePages) * hugePages }, 'shared');
        },
      }),
    })),
    regimes: ['two-backend'],
  },
];
