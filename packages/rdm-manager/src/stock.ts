// SPDX-License-Identifier: MIT
export { ConsumerListener } from './stock/consumer-listener.ts';
export { STOCK_MEMBERS } from './stock/members.ts';
export {
  type ForEachRun,
  RamDiscardManager,
  type RamDiscardListener,
  type RamDiscardManagerOptions,
  type Registered,
  type StateOwner,
} from './stock/ram-discard-manager.ts';
