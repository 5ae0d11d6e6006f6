// SPDX-License-Identifier: MIT
/**
 * What other code calls, implements or provides of RamDiscardManager as QEMU 6.1 to 11.0 has it: what every design is
 * compared with when it says what it added and changed.
 * Source: QEMU 10.2.2 include/system/memory.h, RamDiscardManagerClass and RamDiscardListener.
 */
export const STOCK_MEMBERS: readonly string[] = [
  'RamDiscardManager.get_min_granularity',
  'RamDiscardManager.is_populated',
  'RamDiscardManager.replay_populated',
  'RamDiscardManager.replay_discarded',
  'RamDiscardManager.register_listener',
  'RamDiscardManager.unregister_listener',
  'RamDiscardListener.notify_populate',
  'RamDiscardListener.notify_discard',
  'RamDiscardListener.double_discard_supported',
];
