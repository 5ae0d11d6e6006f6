// SPDX-License-Identifier: MIT
/**
 * QEMU 11.1: one RamDiscardManager object per region with several sources. RamBlockAttributes is one (a page is
 * populated when it is shared), each virtio-mem device another (when it is plugged); devices map what all call populated.
 *
 * A conversion is attributes-conversion.ts with this manager behind it: a veto is undone at every listener told so far,
 * the vetoing one included, but not in the bitmap, so the request, repeated, finds nothing to do and reports success.
 * A replay that a new listener refuses is printed only, and the listener stays. A reset (new in 11.1) touches neither
 * bitmap nor mappings, while the attributes turn private: a device that comes later is shown what was shared before.
 * virtio-mem keeps its stock order: unplugged RAM is discarded first, then the listeners hear of it.
 *
 * Source: QEMU 11.1 (merge 9d526ed81d) system/ram-discard-manager.c, system/ram-block-attributes.c,
 * hw/virtio/virtio-mem.c; order, rollback, silent replay and reset as observed on 11.1.3.
 * Derived from the source, not seen: the address 0 of replayed runs.
 * Left out: that such runs carry no read-only mark, which `runs` has no field for. It takes no lock,
 * so a conversion may run inside whatever runs under QEMU's big lock: that a device coming then hears of pages twice was
 * seen, that a listener which leaves while it is told is freed memory is derived.
 */
import {
  assert,
  type DesignCost,
  DesignWords,
  type EmitRun,
  type Instance,
  type PlugEvents,
  type RamBlock,
  type Status,
  type Strategy,
  type View,
} from '@sda-lab/guest-memory';
import { type AttributesState, convertAttributes } from './attributes-conversion.ts';
import { type ManagerSteps, QEMU_11_1_STEPS } from './multi-source/manager-steps.ts';
import { MultiSourceBlock } from './multi-source/multi-source-block.ts';

type StateOf = (block: RamBlock) => MultiSourceBlock;

/** The strategy over a manager whose steps may be replaced, to plant faults. */
export function createMultiSourceRdm(steps: ManagerSteps): Strategy['create'] {
  return (host): Instance => {
    const blocks = new Map<RamBlock, MultiSourceBlock>();
    const stateOf: StateOf = (block) => {
      const state = blocks.get(block);
      assert(state !== undefined, 'a block is added before it is used');
      return state;
    };
    return {
      addBlock: (block) => {
        blocks.set(block, new MultiSourceBlock(block, steps, (reason) => host.exit(reason), host.meter));
        return 0;
      },
      removeBlock: (block) => {
        assert(stateOf(block).manager.listenerCount === 0, 'a block goes after its listeners');
        blocks.delete(block);
      },
      attachSource: (block, source) => stateOf(block).addPlugSource(source),
      detachSource: (block, source) => stateOf(block).deletePlugSource(source),
      subscribe: (consumer, section) => {
        stateOf(section.block).register(consumer, section);
        return 0;
      },
      unsubscribe: (consumer, section) => stateOf(section.block).unregister(consumer, section),
      convert: (request, to) => convertAttributes(host, attributesOf(stateOf(request.pages.block)), request, to),
      reset: () => 0,
      plug: plugEvents(stateOf),
      runs: (block, view, firstPage, endPage, emit) => emitRuns(stateOf(block), view, firstPage, endPage, emit),
      words: (cast) => {
        const states = [...blocks.values()];
        const bitmaps = states.flatMap(({ attributes }) => attributes?.shared ?? []);
        return new DesignWords(bitmaps, states.map((state) => state.managerWords(cast)));
      },
    };
  };
}

/**
 * What all sources call populated. A run that the walk over sources makes has no place in the guest: the section 11.1
 * hands out says address 0, whoever reads it (VFIO's dirty sync, a remap after CPR, a dump). Migration counts in the
 * block's own offsets, and the check of a vIOMMU mapping asks without a walk.
 */
function emitRuns({ manager }: MultiSourceBlock, view: View, firstPage: number, endPage: number, emit: EmitRun): Status {
  const readsAddress = view === 'dma' || view === 'dump';
  const place: [firstGfn?: number] = readsAddress && manager.sourceCount > 0 ? [0] : [];
  return manager.replayPopulated(firstPage, endPage, (first, end) => emit(first, end, 'shared', ...place));
}

function attributesOf({ manager, attributes }: MultiSourceBlock): AttributesState {
  assert(attributes !== undefined, 'only a block with guest_memfd is converted');
  return {
    shared: attributes.shared,
    notifyPopulate: (first, end) => manager.notifyPopulate(attributes, first, end),
    notifyDiscard: (first, end) => manager.notifyDiscard(attributes, first, end),
  };
}

/** What virtio-mem tells the manager; before unplugging it tells it nothing. */
function plugEvents(stateOf: StateOf): PlugEvents {
  return {
    slotAdded: () => undefined,
    willPlug: (source, { block, firstPage, endPage }) => {
      const state = stateOf(block);
      return state.manager.notifyPopulate(state.sourceOf(source), firstPage, endPage);
    },
    plugAborted: () => undefined,
    plugged: () => undefined,
    willUnplug: () => 0,
    unplugAborted: () => undefined,
    discarded: (source, { block, firstPage, endPage }) => {
      const state = stateOf(block);
      state.manager.notifyDiscard(state.sourceOf(source), firstPage, endPage);
    },
    unplugged: () => undefined,
    willUnplugAll: () => 0,
    discardedAll: (source, { block }) => {
      const state = stateOf(block);
      state.manager.notifyDiscardAll(state.sourceOf(source));
    },
    // By what the sources answer, not by the restored bitmap: blocks above the usable region of the moment are missed.
    loaded: (_source, { block }) => stateOf(block).manager.replayPopulatedToListeners(),
  };
}

const COST: DesignCost = {
  stateBits: { perPage: ['shared'], perFollower: [], asked: ['plugged, one per block of a virtio-mem device'] },
  interfaceMembers: [
    'RamDiscardSource.get_min_granularity',
    'RamDiscardSource.is_populated',
    'RamDiscardManager.add_source',
    'RamDiscardManager.del_source',
    'RamDiscardManager.get_min_granularity',
    'RamDiscardManager.is_populated',
    'RamDiscardManager.replay_populated',
    'RamDiscardManager.replay_discarded',
    'RamDiscardManager.replay_populated_to_listeners',
    'RamDiscardManager.register_listener',
    'RamDiscardManager.unregister_listener',
    'RamDiscardManager.notify_populate',
    'RamDiscardManager.notify_discard',
    'RamDiscardManager.notify_discard_all',
    'RamDiscardListener.notify_populate',
    'RamDiscardListener.notify_discard',
    'RamBlockAttributes.state_change',
  ],
  changedMembers: [
    'RamDiscardManager.get_min_granularity',
    'RamDiscardManager.is_populated',
    'RamDiscardManager.replay_populated',
    'RamDiscardManager.replay_discarded',
    'RamDiscardManager.unregister_listener',
    'RamDiscardListener.notify_discard',
  ],
  changedUsers: [
    { file: 'hw/virtio/virtio-mem.c', change: 'becomes a source, its replays and its list of listeners go' },
    { file: 'system/ram-block-attributes.c', change: 'becomes a source, its replays and its list of listeners go' },
    { file: 'hw/vfio/listener.c', change: 'a listener no longer says whether it takes double discards' },
  ],
  source: 'QEMU 11.1 (merge 9d526ed81d) include/system/ram-discard-manager.h',
};

export const multiSourceRdm: Strategy = {
  id: 'multi-source-rdm',
  title: 'RamDiscardManager with several sources (QEMU 11.1)',
  source: 'QEMU 11.1 (merge 9d526ed81d) system/ram-discard-manager.c',
  discardRequirement: 'coordinated',
  requestPath: 'first-section',
  listener: { rollback: 'run', admission: 'refuse', awaitsAttach: false, refusedSection: 'exit', fineGranule: 'assert' },
  capabilities: { virtioMem: true, views: true, assignment: true, reset: 'rebuild', regimes: ['two-backend'] },
  additions: [],
  cost: COST,
  create: createMultiSourceRdm(QEMU_11_1_STEPS),
};
