// SPDX-License-Identifier: MIT
import { MIN_MEMSLOT_PAGES } from '../memslots.ts';
import { VirtioMemRefusal, type RefusalCode } from '../refusal.ts';
import { MIN_BLOCK_PAGES, USABLE_EXTENT_PAGES, type VirtioMemOptions } from '../options.ts';

const CALL = 'createVirtioMem';

/** 2^64 bytes in pages. QEMU computes addresses in 64 bits; a region up to the very end would make its end 0. */
const ADDRESS_SPACE_PAGES = 2 ** 52;

function refuse(code: RefusalCode, value: string, limit: string, next: string): never {
  throw new VirtioMemRefusal(code, { call: CALL, value, limit, next });
}

/** A memslot of a full-size device that has several is 1 GiB at least; a region smaller than that is one memslot. */
function checkMemslots({ memslots, block, blockPages, scaled = false }: VirtioMemOptions): void {
  if (memslots === undefined) return;
  const { blocksPerMemslot } = memslots;
  const value = `memslots.blocksPerMemslot = ${blocksPerMemslot}`;
  if (!Number.isSafeInteger(blocksPerMemslot) || blocksPerMemslot < 1) {
    refuse('memslot-not-block-count', value, 'must be a whole number, at least 1', 'take it from memslotLayout');
  }
  const memslotPages = blocksPerMemslot * blockPages;
  if (scaled || memslotPages >= Math.min(MIN_MEMSLOT_PAGES, block.pageCount)) return;
  const limit = `must be at least ${MIN_MEMSLOT_PAGES} pages (1 GiB) or the whole region`;
  refuse('memslot-too-small', value, limit, 'take it from memslotLayout, or set scaled: true for a small world');
}

export function isPageCount(pages: number): boolean {
  return Number.isSafeInteger(pages) && pages >= 0;
}

function checkBlockSize(blockPages: number, scaled: boolean): void {
  const value = `blockPages = ${blockPages}`;
  // In bigint, because 32-bit operators would cut the number and a logarithm would round it.
  const bits = isPageCount(blockPages) ? BigInt(blockPages) : 0n;
  if (bits === 0n || (bits & (bits - 1n)) !== 0n) {
    refuse('block-not-power-of-two', value, 'must be a power of two, at least 1', 'use 512 for 2 MiB blocks');
  }
  if (!scaled && blockPages < MIN_BLOCK_PAGES) {
    const limit = `must be at least ${MIN_BLOCK_PAGES} (1 MiB)`;
    refuse('block-too-small', value, limit, 'use a larger block, or set scaled: true for a small world');
  }
}

/** The checks QEMU makes when the device is realized, in its order. */
export function checkOptions(options: VirtioMemOptions): void {
  const { block, blockPages, firstGfn, requestedPages } = options;
  const { extentPages = USABLE_EXTENT_PAGES, scaled = false } = options;
  checkBlockSize(blockPages, scaled);
  checkRequestedPages(CALL, requestedPages, blockPages, block.pageCount);
  const multiple = `must be a multiple of blockPages = ${blockPages}`;
  if (!isPageCount(firstGfn) || firstGfn % blockPages !== 0) {
    refuse('placement-not-multiple', `firstGfn = ${firstGfn}`, multiple, 'place the device on a block boundary');
  }
  if (block.pageCount < blockPages || block.pageCount % blockPages !== 0) {
    const value = `block.pageCount = ${block.pageCount}`;
    const next = 'make the block larger or its device blocks smaller';
    refuse('region-not-multiple', value, `${multiple}, at least one`, next);
  }
  if (firstGfn + block.pageCount >= ADDRESS_SPACE_PAGES) {
    const value = `firstGfn + block.pageCount = ${firstGfn + block.pageCount}`;
    refuse('placement-too-high', value, 'must stay below 2^52 pages (64-bit addresses)', 'place the device lower');
  }
  if (!isPageCount(extentPages)) {
    const limit = 'must be a whole number of pages, at least 0';
    refuse('extent-not-page-count', `extentPages = ${extentPages}`, limit, `leave it out for ${USABLE_EXTENT_PAGES}`);
  }
  checkMemslots(options);
}

/** One rule for the size at creation and every later one. */
export function checkRequestedPages(
  call: string,
  requestedPages: number,
  blockPages: number,
  regionPages: number,
): void {
  const value = `requestedPages = ${requestedPages}`;
  if (!isPageCount(requestedPages) || requestedPages % blockPages !== 0) {
    const limit = `must be a multiple of blockPages = ${blockPages}`;
    throw new VirtioMemRefusal('requested-not-multiple', { call, value, limit, next: 'round it to whole blocks' });
  }
  if (requestedPages > regionPages) {
    const limit = `must be at most the region, ${regionPages} pages`;
    const next = 'ask for less or make the block larger';
    throw new VirtioMemRefusal('requested-above-region', { call, value, limit, next });
  }
}
