// SPDX-License-Identifier: MIT
/**
 * virtio-mem under design 1: the stock manager is told as QEMU tells it (populate before the bits are set, discard after
 * the RAM is gone); what is new is `unplugging`, announced before RAM is discarded so that somebody can still refuse.
 */
import { ERRNO, type Instance, type PageRange, type PlugEvents, type RamBlock, type Status } from '@sda-lab/guest-memory';
import type { BlockState } from './block-state.ts';
import type { ConversionNotifier } from './conversion-notifier.ts';
import type { ChangeEvent, Follower } from './follower.ts';

type StateOf = (block: RamBlock) => BlockState;

export function createPlugHandlers(
  notifier: ConversionNotifier,
  stateOf: StateOf,
  has: (id: string) => boolean,
): Pick<Instance, 'attachSource' | 'detachSource' | 'plug'> {
  return {
    attachSource: (block, source) => {
      const state = stateOf(block);
      if (state.plugged !== undefined) return -ERRNO.EBUSY;
      const { manager } = state.takeSource(source);
      const status = unmapUnplugged(notifier, state, block);
      if (status !== 0) {
        state.plugged = undefined;
        return status;
      }
      let told: Follower | undefined;
      for (const follower of notifier.followersOf(block)) {
        follower.hear(manager, told);
        told = follower;
      }
      return 0;
    },
    detachSource: (block, source) => {
      const state = stateOf(block);
      if (state.plugged?.source !== source) return -ERRNO.ENOENT;
      // What a refused plug could not take back leads to frames that were freed since: it goes first.
      const leftOver = unmapUnplugged(notifier, state, block);
      if (leftOver !== 0) return leftOver;
      const before = state.plugged;
      state.plugged = undefined;
      const followers = notifier.followersOf(block);
      for (const [at, follower] of followers.entries()) {
        const status = follower.replay();
        if (status === 0) continue;
        for (const earlier of followers.slice(0, at)) earlier.tracker.undo();
        state.plugged = before;
        return status;
      }
      for (const follower of followers) follower.hear(undefined, undefined);
      return 0;
    },
    plug: createPlugEvents(notifier, stateOf, has),
  };
}

function createPlugEvents(notifier: ConversionNotifier, stateOf: StateOf, has: (id: string) => boolean): PlugEvents {
  let unplug: ChangeEvent | undefined;
  const abort = (event: ChangeEvent): void => {
    notifier.aborted.notify(event);
    notifier.otherSide.aborted.notify(event);
  };
  const announce = (range: PageRange): Status => {
    if (!has('unplug-veto')) return 0;
    unplug = { range, to: 'unplugged' };
    const status = notifier.unplugging.notify(unplug);
    if (status !== 0) abort(unplug);
    return status;
  };
  const managerOf = ({ block }: PageRange): NonNullable<BlockState['plugged']>['manager'] =>
    stateOf(block).plugged!.manager;
  return {
    slotAdded: (_source, { block, firstPage, endPage }) => {
      if (has('slot-readd')) stateOf(block).shared.clear(firstPage, endPage);
    },
    willPlug: (_source, range) => managerOf(range).notifyPopulate(range.firstPage, range.endPage),
    plugAborted: () => undefined,
    plugged: () => undefined,
    willUnplug: (_source, range) => announce(range),
    unplugAborted: () => {
      if (unplug !== undefined) abort(unplug);
    },
    discarded: (_source, range) => managerOf(range).notifyDiscard(range.firstPage, range.endPage),
    unplugged: () => undefined,
    willUnplugAll: (_source, range) => announce(range),
    discardedAll: (_source, range) => managerOf(range).notifyDiscardAll(),
    loaded: (_source, range, plugged) => {
      const manager = managerOf(range);
      const status = manager.notifyPopulate(range.firstPage, range.endPage, plugged);
      if (status !== 0) manager.notifyDiscardAll();
      return status;
    },
  };
}

/** A virtio-mem that comes late takes away what it says is not plugged; refused as a whole when a consumer refuses. */
function unmapUnplugged(notifier: ConversionNotifier, state: BlockState, block: RamBlock): Status {
  const followers = notifier.followersOf(block);
  for (const { tracker } of followers) tracker.begin();
  let at = 0;
  const unmap = (first: number, end: number): Status => {
    for (const { tracker } of followers) {
      const status = first < end ? tracker.unmapMapped(first, end) : 0;
      if (status !== 0) return status;
    }
    return 0;
  };
  const status =
    state.forEachPluggedRun(0, block.pageCount, (first, end) => {
      const gap = unmap(at, first);
      at = end;
      return gap;
    }) || unmap(at, block.pageCount);
  if (status !== 0) for (const { tracker } of followers) tracker.undo();
  return status;
}
