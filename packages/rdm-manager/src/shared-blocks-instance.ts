// SPDX-License-Identifier: MIT
/**
 * What an instance of a stock-manager design is besides its conversion: a manager per block, one state owner per
 * region (a second is refused with -EBUSY), consumers registered with it, and "populated" as the one answer to every
 * view unless told otherwise. The conversion, where the designs differ, is handed in.
 */
import {
  assert,
  type ConversionRequest,
  type CostMeter,
  DesignWords,
  type EmitRun,
  ERRNO,
  type Instance,
  NO_PLUG_EVENTS,
  type RamBlock,
  type Side,
  type Status,
  type View,
} from '@sda-lab/guest-memory';
import type { RamDiscardManagerOptions } from './stock/ram-discard-manager.ts';
import { SharedBlock } from './stock/shared-block.ts';

export type ConvertBlock = (state: SharedBlock, request: ConversionRequest, to: Side) => Status;
export type ShowRuns = (state: SharedBlock, view: View, firstPage: number, endPage: number, emit: EmitRun) => Status;

const showPopulated: ShowRuns = ({ manager }, _view, firstPage, endPage, emit) => manager.runs(firstPage, endPage, emit);

export function createSharedBlocksInstance(
  options: RamDiscardManagerOptions,
  convertBlock: ConvertBlock,
  showRuns: ShowRuns = showPopulated,
  meter?: CostMeter,
): Instance {
  const blocks = new Map<RamBlock, SharedBlock>();
  const stateOf = (block: RamBlock): SharedBlock => {
    const state = blocks.get(block);
    assert(state !== undefined, 'a block is added before it is used');
    return state;
  };
  return {
    addBlock: (block) => {
      blocks.set(block, new SharedBlock(block, options, meter));
      return 0;
    },
    removeBlock: (block) => {
      assert(stateOf(block).manager.listenerCount === 0, 'a block goes after its listeners');
      blocks.delete(block);
    },
    attachSource: () => -ERRNO.EBUSY,
    detachSource: () => -ERRNO.ENOENT,
    subscribe: (consumer, section) => {
      stateOf(section.block).register(consumer, section);
      return 0;
    },
    unsubscribe: (consumer, section) => stateOf(section.block).unregister(consumer, section),
    convert: (request, to) => convertBlock(stateOf(request.pages.block), request, to),
    // Protected guests cannot be reset by these versions; the request becomes a shutdown.
    reset: () => -ERRNO.EOPNOTSUPP,
    plug: NO_PLUG_EVENTS,
    runs: (block, view, firstPage, endPage, emit) => showRuns(stateOf(block), view, firstPage, endPage, emit),
    words: (cast) => {
      const states = [...blocks.values()];
      return new DesignWords(states.map(({ shared }) => shared), states.map((state) => state.listenerWords(cast)));
    },
  };
}
