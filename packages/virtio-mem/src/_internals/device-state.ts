// SPDX-License-Identifier: MIT
import { Bitmap } from '@sda-lab/core-bitmap';
import { assert, type PageRange, type RamBlock, type Status } from '@sda-lab/guest-memory';
import { USABLE_EXTENT_PAGES, type VirtioMemOptions } from '../options.ts';

/** Half-open range of device block numbers. */
export interface BlockRange {
  readonly firstBlock: number;
  readonly endBlock: number;
}

/** Everything a device knows. Sizes are counted in device blocks; QEMU keeps them in bytes. */
export interface DeviceState {
  readonly block: RamBlock;
  readonly blockPages: number;
  readonly blockCount: number;
  readonly firstGfn: number;
  readonly extentPages: number;
  readonly host: VirtioMemOptions['host'];
  readonly events: VirtioMemOptions['events'];
  readonly isMigrating: VirtioMemOptions['isMigrating'];
  /** One bit per device block, 1 = plugged. */
  readonly bits: Bitmap;
  /** Set bits in `bits`; changes together with them. */
  pluggedBlocks: number;
  /** Changes only on the host's word. */
  requestedBlocks: number;
  /** Blocks the guest may name: grows with the requested size, shrinks only after unplug-all. */
  usableBlocks: number;
}

/** All blocks unplugged. Takes checked options. */
export function createState(options: VirtioMemOptions): DeviceState {
  const { block, blockPages, firstGfn, host, events, isMigrating } = options;
  const blockCount = block.pageCount / blockPages;
  assert(Number.isSafeInteger(blockCount) && blockCount > 0, 'a region is whole blocks, at least one');
  const state: DeviceState = {
    block,
    blockPages,
    blockCount,
    firstGfn,
    extentPages: options.extentPages ?? USABLE_EXTENT_PAGES,
    host,
    events,
    isMigrating,
    bits: new Bitmap(blockCount),
    pluggedBlocks: 0,
    requestedBlocks: options.requestedPages / blockPages,
    usableBlocks: 0,
  };
  growUsable(state);
  return state;
}

export function pageRange(state: DeviceState, range: BlockRange): PageRange {
  return {
    block: state.block,
    firstPage: range.firstBlock * state.blockPages,
    endPage: range.endBlock * state.blockPages,
  };
}

/** What the guest may use at the present requested size. Nothing asked for means nothing usable, extent or not. */
function usableTarget(state: DeviceState): number {
  if (state.requestedBlocks === 0) return 0;
  const pages = state.requestedBlocks * state.blockPages + state.extentPages;
  return Math.min(state.blockCount, Math.ceil(pages / state.blockPages));
}

/** The usable region never shrinks under the guest's feet. */
export function growUsable(state: DeviceState): void {
  state.usableBlocks = Math.max(state.usableBlocks, usableTarget(state));
  assert(state.usableBlocks <= state.blockCount, 'the usable region lies inside the block');
}

export function shrinkUsable(state: DeviceState): void {
  assert(state.pluggedBlocks === 0, 'the usable region shrinks only while nothing is plugged');
  state.usableBlocks = usableTarget(state);
}

/**
 * Frees what backs the range: the shared side, then guest_memfd where it is a backing of its own. In the in-place
 * regime both names mean one guest_memfd, so one call frees it. Stops at the first refusal and returns it.
 */
export function discardRange(state: DeviceState, range: PageRange): Status {
  const status = state.host.discard(range, 'shared');
  const hasPrivateSide = state.block.hasGuestMemfd && state.host.regime === 'two-backend';
  if (status !== 0 || !hasPrivateSide) return status;
  return state.host.discard(range, 'private');
}
