// SPDX-License-Identifier: MIT
/**
 * The extended manager's side of the plug port: the plugged plane follows the source's last event, and consumers are
 * asked before anything is used or freed. At most one source per block, as a memory backend serves one virtio-mem.
 */
import {
  clearRuns,
  ERRNO,
  type ForEachPluggedRun,
  type Instance,
  type PageRange,
  type PageRun,
  type PlugEvents,
  type RamBlock,
  type Status,
} from '@sda-lab/guest-memory';
import type { ExtendedBlock } from './extended-block.ts';

type StateOf = (block: RamBlock) => ExtendedBlock;
type Has = (id: string) => boolean;

export function createPlugHandlers(
  stateOf: StateOf,
  has: Has,
): Pick<Instance, 'attachSource' | 'detachSource' | 'plug'> {
  return {
    attachSource: (block, source) => {
      const state = stateOf(block);
      if (state.source !== undefined) return -ERRNO.EBUSY;
      if (!has('plug-plane')) return 0;
      const unmapped = unmapUnplugged(state, source);
      if (unmapped !== 0) return unmapped;
      state.source = source;
      return 0;
    },
    detachSource: (block, source) => {
      const state = stateOf(block);
      if (state.source !== source) return -ERRNO.ENOENT;
      // What an aborted plug could not take back leads to frames that were freed since: it goes first.
      const leftOver = unmapRuns(state, clearRuns(state.plugged, { block, firstPage: 0, endPage: block.pageCount }));
      if (leftOver !== 0) return leftOver;
      state.begin();
      const status = state.mapBoth(state.isOn, 0, block.pageCount);
      if (status !== 0) {
        state.undo();
        return status;
      }
      state.plugged.set(0, block.pageCount);
      state.source = undefined;
      return 0;
    },
    plug: createPlugEvents(stateOf, has),
  };
}

function createPlugEvents(stateOf: StateOf, has: Has): PlugEvents {
  const isTracked = has('plug-plane');
  const early = has('unplug-veto');
  const askToUnplug = (range: PageRange): Status => (early ? unmapOrUndo(stateOf(range.block), range) : 0);
  const unmapLate = (range: PageRange): void => {
    if (!early) stateOf(range.block).unmap(range.firstPage, range.endPage, false);
  };
  return {
    slotAdded: (_source, { block, firstPage, endPage }) => {
      if (has('slot-readd')) stateOf(block).shared.clear(firstPage, endPage);
    },
    willPlug: (_source, range) => {
      const state = stateOf(range.block);
      // What an earlier aborted plug could not take back leads to frames that were freed since: it goes first.
      const leftOver = unmapOrUndo(state, range);
      if (leftOver !== 0) return leftOver;
      state.begin();
      const status = state.mapBoth(state.isOn, range.firstPage, range.endPage);
      if (status !== 0) state.undo();
      return status;
    },
    plugAborted: () => undefined,
    plugged: (_source, range) => {
      if (isTracked) stateOf(range.block).plugged.set(range.firstPage, range.endPage);
    },
    willUnplug: (_source, range) => askToUnplug(range),
    unplugAborted: (_source, range) => {
      if (early) stateOf(range.block).undo();
    },
    discarded: (_source, range) => unmapLate(range),
    unplugged: (_source, range) => {
      if (isTracked) stateOf(range.block).plugged.clear(range.firstPage, range.endPage);
    },
    willUnplugAll: (_source, range) => askToUnplug(range),
    discardedAll: (_source, range) => unmapLate(range),
    loaded: (_source, range, plugged) => restore(stateOf(range.block), range, isTracked ? plugged : undefined),
  };
}

/** Plugged again as saved; what is due of it gets mapped, or all is as before. */
function restore(state: ExtendedBlock, { firstPage, endPage }: PageRange, plugged: ForEachPluggedRun | undefined): Status {
  plugged?.(firstPage, endPage, (first, end) => {
    state.plugged.set(first, end);
    return 0;
  });
  state.begin();
  const status = state.mapBoth(state.isDue, firstPage, endPage);
  if (status === 0) return 0;
  state.undo();
  if (plugged !== undefined) state.plugged.clear(firstPage, endPage);
  return status;
}

function unmapOrUndo(state: ExtendedBlock, range: PageRange): Status {
  state.begin();
  const status = state.unmap(range.firstPage, range.endPage, true);
  if (status !== 0) state.undo();
  return status;
}

/** A source that comes takes away what it says is not plugged; refused as a whole when a consumer refuses. */
function unmapUnplugged(state: ExtendedBlock, source: { granulePages: number; isPlugged(first: number, end: number): boolean }): Status {
  const { pageCount } = state.block;
  const unplugged: PageRun[] = [];
  for (let firstPage = 0; firstPage < pageCount; firstPage += source.granulePages) {
    const endPage = Math.min(firstPage + source.granulePages, pageCount);
    if (!source.isPlugged(firstPage, endPage)) unplugged.push({ firstPage, endPage });
  }
  const status = unmapRuns(state, unplugged);
  if (status !== 0) return status;
  for (const { firstPage, endPage } of unplugged) state.plugged.clear(firstPage, endPage);
  return 0;
}

/** All runs at every consumer, or none. */
function unmapRuns(state: ExtendedBlock, runs: readonly PageRun[]): Status {
  state.begin();
  for (const { firstPage, endPage } of runs) {
    const status = state.unmap(firstPage, endPage, true);
    if (status === 0) continue;
    state.undo();
    return status;
  }
  return 0;
}
