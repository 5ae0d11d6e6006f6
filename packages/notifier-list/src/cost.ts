// SPDX-License-Identifier: MIT
/**
 * What design 1 would ask of QEMU, in QEMU's names: the stock manager stays, with two members more; the rest is new
 * beside it. Each new member stands for one that the code here has and uses (test/notifier-list.cost.test.ts has the
 * list of pairs).
 */
import type { DesignCost } from '@sda-lab/guest-memory';
import { STOCK_MEMBERS } from '@sda-lab/rdm-manager/stock';

export const NOTIFIER_LIST_COST: DesignCost = {
  stateBits: { perPage: ['shared'], perFollower: ['mapped'], asked: ['plugged, one per block of a virtio-mem device'] },
  interfaceMembers: [
    ...STOCK_MEMBERS,
    'RamDiscardManager.join',
    'RamDiscardManager.leave',
    'ConversionNotifier.converting',
    'ConversionNotifier.unplugging',
    'ConversionNotifier.aborted',
    'ConversionNotifier.other_side',
    'ConversionNotifier.on_change',
    'ConversionNotifier.on_aborted',
    'ConversionNotifier.replay_shared',
    'ConversionNotifier.state_change',
    'ConversionNotifier.reset',
    'ConversionNotifier.slot_added',
  ],
  changedMembers: [],
  changedUsers: [
    { file: 'hw/vfio/listener.c', change: 'follows the lists beside the manager, maps what both states give, undoes its part' },
    { file: 'hw/virtio/virtio-mem.c', change: 'announces an unplug on a list before it discards, and may be refused' },
    { file: 'migration/ram.c', change: 'asks the shared bitmap too; private pages as private, for a TEE to export' },
    { file: 'system/memory.c', change: 'a vIOMMU target must be in the shared bitmap too' },
    { file: 'system/memory_mapping.c', change: 'dump asks the shared bitmap too' },
  ],
  source: 'the code of this design; users by their names in QEMU 10.2.2',
};
