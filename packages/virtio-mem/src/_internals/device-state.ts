// SPDX-License-Identifier: MIT
import { Bitmap } from '@sda-lab/core-bitmap';
import { assert, type PageRange, type RamBlock, type Status } from '@sda-lab/guest-memory';
import { USABLE_EXTENT_PAGES, type VirtioMemOptions } from '../options.ts';
import type { DeviceSteps } from '../steps.ts';
import { createMemslots, type Memslots } from './memslot-state.ts';

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
  readonly node: number;
  readonly extentPages: number;
  /** How this device does things; replaced only to plant faults. */
  readonly steps: DeviceSteps;
  readonly host: VirtioMemOptions['host'];
  readonly events: VirtioMemOptions['events'];
  readonly isMigrating: VirtioMemOptions['isMigrating'];
  readonly prealloc: VirtioMemOptions['prealloc'];
  readonly memslots: Memslots | undefined;
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
export function createState(options: VirtioMemOptions, steps: DeviceSteps): DeviceState {
  const { block, blockPages, firstGfn, host, events, isMigrating } = options;
  const blockCount = block.pageCount / blockPages;
  assert(Number.isSafeInteger(blockCount) && blockCount > 0, 'a region is whole blocks, at least one');
  const state: DeviceState = {
    block,
    blockPages,
    blockCount,
    firstGfn,
    node: options.node ?? 0,
    steps,
    extentPages: options.extentPages ?? USABLE_EXTENT_PAGES,
    host,
    events,
    isMigrating,
    prealloc: options.prealloc,
    memslots: options.memslots === undefined ? undefined : createMemslots(options.memslots, blockCount),
    bits: new Bitmap(blockCount),
    pluggedBlocks: 0,
    requestedBlocks: options.requestedPages / blockPages,
    usableBlocks: 0,
  };
  growUsable(state);
  return state;
}

export function allBlocks(state: DeviceState): BlockRange {
  return { firstBlock: 0, endBlock: state.blockCount };
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

/** Rounds outward to device blocks; false for an empty range and for any part outside the usable region. */
export function isPlugged(state: DeviceState, firstPage: number, endPage: number): boolean {
  if (firstPage < 0 || firstPage >= endPage) return false;
  const firstBlock = Math.floor(firstPage / state.blockPages);
  const endBlock = Math.ceil(endPage / state.blockPages);
  return endBlock <= state.usableBlocks && state.bits.allSet(firstBlock, endBlock);
}

/**
 * Frees what backs the blocks: the shared side, then guest_memfd where it is a backing of its own. In the in-place
 * regime both names mean one guest_memfd, so one call frees it. Stops at the first refusal and returns it.
 */
export function discardBlocks(state: DeviceState, blocks: BlockRange): Status {
  const range = pageRange(state, blocks);
  const status = state.host.discard(range, 'shared');
  const hasPrivateSide = state.block.hasGuestMemfd && state.host.regime === 'two-backend';
  if (status !== 0 || !hasPrivateSide) return status;
  return state.host.discard(range, 'private');
}
