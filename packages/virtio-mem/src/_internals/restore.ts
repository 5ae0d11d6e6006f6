// SPDX-License-Identifier: MIT
/**
 * The destination's side of a migration. Sanity checks and their order as in virtio_mem_mig_sanity_checks_post_load;
 * a bitmap that names no blocks of the device, or another number of them than the size says, is our own -EINVAL.
 */
import { ERRNO, type PlugSource, type Status } from '@sda-lab/guest-memory';
import type { LoadConditions, SavedBlocks, SavedSizes } from '../saved-state.ts';
import { allBlocks, pageRange, type BlockRange, type DeviceState } from './device-state.ts';

export function saveBlocks(state: DeviceState): SavedBlocks {
  const { firstGfn, blockPages, node, block } = state;
  const pluggedRuns: BlockRange[] = [];
  state.bits.forEachSetRun(0, state.blockCount, (firstBlock, endBlock) => {
    pluggedRuns.push({ firstBlock, endBlock });
    return 0;
  });
  const pluggedPages = state.pluggedBlocks * blockPages;
  return { firstGfn, regionPages: block.pageCount, blockPages, node, pluggedRuns, pluggedPages };
}

export function restoreBlocks(
  state: DeviceState,
  source: PlugSource,
  saved: SavedBlocks,
  conditions: LoadConditions,
): Status {
  if (!isForThisDevice(state, saved)) return -ERRNO.EINVAL;
  for (const run of saved.pluggedRuns) state.steps.mark(state, run, true);
  state.steps.resize(state, saved.pluggedPages / state.blockPages);
  const ready = conditions.isRamIgnored === true ? 0 : preallocPlugged(state, saved.pluggedRuns, conditions);
  return ready !== 0 ? ready : state.steps.tellLoaded(state, source);
}

/** Memslots first, so that who follows them is there to hear of the blocks; then the strategy, about all of them. */
export function tellLoaded(state: DeviceState, source: PlugSource): Status {
  const activated = state.bits.forEachSetRun(0, state.blockCount, (firstBlock, endBlock) =>
    state.steps.activate(state, source, { firstBlock, endBlock }),
  );
  if (activated !== 0) return activated;
  const { blockPages } = state;
  return state.events.loaded(source, pageRange(state, allBlocks(state)), (firstPage, endPage, emit) =>
    state.bits.forEachSetRun(Math.floor(firstPage / blockPages), Math.ceil(endPage / blockPages), (first, end) =>
      emit(Math.max(first * blockPages, firstPage), Math.min(end * blockPages, endPage)),
    ),
  );
}

/** -EINVAL where the sizes are none the device can have; they are in force otherwise. */
export function restoreSizes(state: DeviceState, { usablePages, requestedPages }: SavedSizes): Status {
  const [usableBlocks, requestedBlocks] = [usablePages / state.blockPages, requestedPages / state.blockPages];
  for (const blocks of [usableBlocks, requestedBlocks]) {
    if (!Number.isSafeInteger(blocks) || blocks < 0 || blocks > state.blockCount) return -ERRNO.EINVAL;
  }
  state.usableBlocks = usableBlocks;
  state.requestedBlocks = requestedBlocks;
  return 0;
}

/** The RAM arrived, or will on access: blocks that are not plugged hold none of it. */
export function discardUnplugged(state: DeviceState, { postcopy, isRamIgnored }: LoadConditions): Status {
  if (isRamIgnored === true || postcopy === 'running') return 0;
  const status = state.bits.forEachClearRun(0, state.blockCount, (firstBlock, endBlock) =>
    state.steps.discard(state, { firstBlock, endBlock }),
  );
  return status === 0 ? 0 : -ERRNO.EINVAL;
}

/** Postcopy wants a clean slate: preallocating shows that there is enough, then it goes again. */
function preallocPlugged(state: DeviceState, runs: readonly BlockRange[], { postcopy }: LoadConditions): Status {
  if (state.prealloc === undefined) return 0;
  for (const run of runs) if (state.steps.prealloc(state, run) !== 0) return -ERRNO.ENOMEM;
  const isPostcopy = postcopy === 'advised' || postcopy === 'running';
  return isPostcopy && state.steps.discard(state, allBlocks(state)) !== 0 ? -ERRNO.EBUSY : 0;
}

function isForThisDevice(state: DeviceState, saved: SavedBlocks): boolean {
  const { firstGfn, block, blockPages, node, blockCount } = state;
  const isSame =
    saved.firstGfn === firstGfn &&
    saved.regionPages === block.pageCount &&
    saved.blockPages === blockPages &&
    saved.node === node;
  if (!isSame) return false;
  let [pluggedBlocks, at] = [0, 0];
  for (const { firstBlock, endBlock } of saved.pluggedRuns) {
    if (!Number.isSafeInteger(firstBlock) || !Number.isSafeInteger(endBlock)) return false;
    if (firstBlock < at || firstBlock >= endBlock || endBlock > blockCount) return false;
    pluggedBlocks += endBlock - firstBlock;
    at = endBlock;
  }
  return pluggedBlocks * blockPages === saved.pluggedPages;
}
