// SPDX-License-Identifier: MIT
/**
 * What design 2 would ask of QEMU, in QEMU's names: each member stands for one that the code here has and uses
 * (test/extended-rdm.cost.test.ts has the list of pairs).
 */
import type { DesignCost } from '@sda-lab/guest-memory';

export const EXTENDED_RDM_COST: DesignCost = {
  stateBits: { perPage: ['shared', 'plugged'], perFollower: ['mapped'], asked: [] },
  interfaceMembers: [
    'RamDiscardManager.is_populated',
    'RamDiscardManager.replay_populated',
    'RamDiscardManager.replay_discarded',
    'RamDiscardManager.register_listener',
    'RamDiscardManager.unregister_listener',
    'RamDiscardManager.state_change',
    'RamDiscardManager.reset',
    'RamDiscardManager.add_source',
    'RamDiscardManager.del_source',
    'RamDiscardManager.slot_added',
    'RamDiscardManager.will_plug',
    'RamDiscardManager.plugged',
    'RamDiscardManager.will_unplug',
    'RamDiscardManager.unplug_aborted',
    'RamDiscardManager.unplugged',
    'RamDiscardManager.will_unplug_all',
    'RamDiscardManager.loaded',
    'RamDiscardSource.get_min_granularity',
    'RamDiscardSource.is_plugged',
    'RamDiscardListener.notify_populate',
    'RamDiscardListener.notify_discard',
    'RamDiscardListener.done',
    'RamDiscardListener.sides',
    'RamDiscardListener.smallest_pages',
    'RamDiscardListener.unmap_shape',
  ],
  changedMembers: [
    'RamDiscardManager.is_populated',
    'RamDiscardManager.replay_populated',
    'RamDiscardManager.replay_discarded',
    'RamDiscardManager.register_listener',
    'RamDiscardManager.unregister_listener',
    'RamDiscardListener.notify_populate',
    'RamDiscardListener.notify_discard',
  ],
  changedUsers: [
    { file: 'hw/vfio/listener.c', change: 'may refuse an unmap; says how far a refused map came instead of undoing it' },
    { file: 'hw/virtio/virtio-mem.c', change: 'becomes a source; announces an unplug before it discards, and may be refused' },
    { file: 'migration/ram.c', change: 'gets private pages as private, for a TEE to export' },
    { file: 'system/memory.c', change: 'a vIOMMU target must be plugged and shared' },
    { file: 'system/memory_mapping.c', change: 'dump gets private pages as private' },
  ],
  source: 'the code of this design; users by their names in QEMU 10.2.2',
};
