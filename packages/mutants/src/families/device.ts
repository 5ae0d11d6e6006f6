// SPDX-License-Identifier: MIT
/** virtio-mem itself going wrong, under designs that do their part. */
import type { PageRange } from '@sda-lab/guest-memory';
import { notifierList } from '@sda-lab/notifier-list';
import { extendedRdm, multiSourceRdm } from '@sda-lab/rdm-manager';
import { type BlockRange, type DeviceState, type DeviceSteps, QEMU_STEPS } from '@sda-lab/virtio-mem';
import { inDevice } from '../in-part.ts';
import { CAREFUL, type Mutant } from '../mutant.ts';

const clamp = ({ firstBlock, endBlock }: BlockRange, { blockCount }: DeviceState): BlockRange => ({
  firstBlock,
  endBlock: Math.min(Math.max(endBlock, firstBlock), blockCount),
});

const longer = (state: DeviceState, range: BlockRange, blocks: number): BlockRange =>
  clamp({ firstBlock: range.firstBlock, endBlock: range.endBlock + blocks }, state);

/** Bits are set before the strategy is asked; `takesBack`: and cleared when it refuses. */
function marksBeforeAsking(takesBack: boolean): Partial<DeviceSteps> {
  return {
    ask: (state, source, question, range) => {
      if (question !== 'willPlug') return QEMU_STEPS.ask(state, source, question, range);
      state.steps.mark(state, range, true);
      const status = QEMU_STEPS.ask(state, source, question, range);
      if (status !== 0 && takesBack) state.steps.mark(state, range, false);
      return status;
    },
  };
}

export const DEVICE: readonly Mutant[] = [
  {
    id: 'bits-outlive-a-refused-plug',
    breaks: 'coexist',
    what: 'bits are set before listeners are asked and stay set when one refuses',
    source: 'QEMU 10.2.2 system/ram-block-attributes.c does so with its bits; hw/virtio/virtio-mem.c sets its own last',
    ...inDevice(notifierList, marksBeforeAsking(false)),
  },
  {
    id: 'bits-before-the-question',
    breaks: 'coexist',
    what: 'bits are set before listeners are asked, and taken back when one refuses',
    source: 'QEMU 10.2.2 hw/virtio/virtio-mem.c sets them last, so that a listener added meanwhile is not told twice',
    ...inDevice(multiSourceRdm, marksBeforeAsking(true)),
    proof:
      'Between the bits and the answer only the manager runs, and it asks every source but the one that tells it. Memslots ' +
      'and their listeners have come before. A listener that came in between would be told twice; here hot-add and plug ' +
      'exclude each other, as the big lock makes them in QEMU. Bits before the memslot are another mutant.',
  },
  {
    id: 'refused-plug-keeps-its-ram',
    breaks: 'bounded',
    what: 'what pinning filled before a device refused is not discarded',
    source: 'QEMU 10.2.2 hw/virtio/virtio-mem.c, virtio_mem_set_block_state: the discard after an error is easily forgotten',
    ...inDevice(extendedRdm, { takeBackPlug: () => undefined }),
  },
  {
    id: 'unplug-frees-before-asking',
    breaks: 'atomic',
    what: 'RAM is discarded first; a device that then refuses keeps a block whose data is gone',
    source: 'QEMU 10.2.2 hw/virtio/virtio-mem.c: discard, then notify; right only where nobody can refuse',
    ...inDevice(extendedRdm, {
      unplug: (state, source, range) => {
        state.steps.discard(state, range);
        return QEMU_STEPS.unplug(state, source, range);
      },
    }),
  },
  {
    id: 'unplug-keeps-its-ram',
    breaks: 'bounded',
    what: 'an unplugged block is not discarded',
    source: CAREFUL,
    ...inDevice(notifierList, { discard: () => 0 }),
  },
  {
    id: 'unplug-frees-the-shared-side-only',
    breaks: 'bounded',
    what: 'guest_memfd of an unplugged block is not punched',
    source: 'QEMU 10.2.2 system/physmem.c, ram_block_discard_range: the shared side alone; 11.1 punches both',
    ...inDevice(extendedRdm, { discard: (state, range) => state.host.discard(pagesOf(state, range), 'shared') }),
    regimes: ['two-backend'],
  },
  {
    id: 'unplug-frees-one-block-too-many',
    breaks: 'coherent',
    what: 'the discard runs one block past the unplugged ones, under the mappings of the neighbour',
    source: CAREFUL,
    ...inDevice(extendedRdm, { discard: (state, range) => QEMU_STEPS.discard(state, longer(state, range, 1)) }),
  },
  {
    id: 'unplug-frees-one-block-too-few',
    breaks: 'bounded',
    what: 'the discard ends one block early',
    source: CAREFUL,
    ...inDevice(notifierList, {
      discard: (state, range) =>
        range.endBlock - range.firstBlock === 1 ? 0 : QEMU_STEPS.discard(state, longer(state, range, -1)),
    }),
  },
  {
    id: 'plug-asks-for-one-block-too-few',
    breaks: 'coexist',
    what: 'listeners are asked about a plug of two blocks as if it were one',
    source: CAREFUL,
    ...inDevice(extendedRdm, {
      ask: (state, source, question, range) => {
        const isSingle = range.endBlock - range.firstBlock === 1;
        return QEMU_STEPS.ask(state, source, question, question === 'willPlug' && !isSingle ? longer(state, range, -1) : range);
      },
    }),
  },
  {
    id: 'unplug-all-tells-the-new-size',
    breaks: 'coexist',
    what: 'the size is set to 0 before listeners are told, and they are told of that many bytes',
    source: 'QEMU 10.2.2 hw/virtio/virtio-mem.c, virtio_mem_notify_unplug_all does nothing while size is 0',
    ...inDevice(notifierList, {
      ask: (state, source, question, range) =>
        QEMU_STEPS.ask(state, source, question, question === 'willUnplugAll' ? { firstBlock: 0, endBlock: 0 } : range),
      tell: (state, source, news, range) => {
        if (news !== 'discardedAll') QEMU_STEPS.tell(state, source, news, range);
      },
    }),
  },
  {
    id: 'unplug-all-takes-the-size-for-a-range',
    breaks: 'coexist',
    what: 'the plugged size is taken for a range that starts at the first block, plugged or not',
    source: CAREFUL,
    ...inDevice(extendedRdm, {
      ask: (state, source, question, range) =>
        QEMU_STEPS.ask(
          state,
          source,
          question,
          question === 'willUnplugAll' ? { firstBlock: 0, endBlock: state.pluggedBlocks } : range,
        ),
    }),
  },
  {
    id: 'unplug-all-forgets-the-last-bit',
    breaks: 'coexist',
    what: 'the last block counts as plugged after unplug-all',
    source: CAREFUL,
    ...inDevice(notifierList, {
      mark: (state, range, toPlugged) => {
        const isAll = range.endBlock - range.firstBlock === state.blockCount;
        QEMU_STEPS.mark(state, !toPlugged && isAll ? longer(state, range, -1) : range, toPlugged);
      },
    }),
  },
  {
    id: 'unplug-all-is-not-told',
    breaks: 'coexist',
    what: 'listeners hear of unplug, not of unplug-all',
    source: 'QEMU 11.1 (merge 9d526ed81d) system/ram-discard-manager.c: notify_discard_all is a path of its own',
    ...inDevice(multiSourceRdm, {
      tell: (state, source, news, range) => {
        if (news !== 'discardedAll') QEMU_STEPS.tell(state, source, news, range);
      },
    }),
  },
  {
    id: 'refused-unplug-clears-its-bits',
    breaks: 'coexist',
    what: 'bits are cleared before listeners are asked and stay clear when one refuses',
    source: CAREFUL,
    ...inDevice(notifierList, {
      unplug: (state, source, range) => {
        if (QEMU_STEPS.unplug(state, source, range)) return true;
        state.steps.mark(state, range, false);
        return false;
      },
    }),
  },
  {
    id: 'device-ignores-a-refusal',
    breaks: 'coexist',
    what: 'the device asks and goes on whatever the answer is',
    source: 'QEMU 6.1 to 11.1: notify_discard returns nothing, and unplug goes on',
    ...inDevice(extendedRdm, {
      ask: (...question) => {
        QEMU_STEPS.ask(...question);
        return 0;
      },
    }),
  },
];

function pagesOf({ block, blockPages }: DeviceState, { firstBlock, endBlock }: BlockRange): PageRange {
  return { block, firstPage: firstBlock * blockPages, endPage: endBlock * blockPages };
}
