// SPDX-License-Identifier: MIT
/**
 * Where a world's sections lie, as data: x86-like, scaled down with the world. Everything that needs guest physical
 * addresses before a guest is built asks here.
 *
 * Source: QEMU 10.2.2 hw/i386/pc.c (RAM below and above 4 GiB, device memory above), x86-common.c (firmware below 4
 * GiB; in a confidential guest a block with guest_memfd). Not covered: the ISA alias of the firmware, MMIO.
 */
import type { WorldSpec } from './world-spec.ts';

export interface Placement {
  readonly name: string;
  readonly block: string;
  readonly firstPage: number;
  readonly pageCount: number;
  readonly firstGfn: number;
  readonly readonly: boolean;
  readonly isRom: boolean;
  /** Index of the virtio-mem device, or -1. */
  readonly deviceIndex: number;
  /** Index of the dynamic memslot it is, or -1: then it is there from the start. */
  readonly memslotIndex: number;
}

/** 2 GiB: QEMU's q35 keeps at most this much below 4 GiB when there is more. */
const LOW_RAM_MAX_PAGES = 0x80000;
const HIGH_RAM_FIRST_GFN = 0x100000;
export const ROM_FIRST_GFN = 0xfffff;
export const ROM_PAGES = 1;
/** Device regions start at multiples of this, and never adjoin RAM. */
const DEVICE_ALIGN_PAGES = 0x40000;

/** In the order of positions: boot RAM, firmware, devices; then the ROM, which has none. */
export function placeSections(spec: WorldSpec): readonly Placement[] {
  const lowPages = Math.min(Math.ceil(spec.pages / 2), LOW_RAM_MAX_PAGES);
  const highPages = spec.pages - lowPages;
  const fixed = { readonly: false, isRom: false, deviceIndex: -1, memslotIndex: -1 };
  const placements: Placement[] = [
    { ...fixed, name: 'ram-below-4g', block: 'ram', firstPage: 0, pageCount: lowPages, firstGfn: 0 },
  ];
  if (highPages > 0) {
    const high = { firstPage: lowPages, pageCount: highPages, firstGfn: HIGH_RAM_FIRST_GFN };
    placements.push({ ...fixed, name: 'ram-above-4g', block: 'ram', ...high });
  }
  if (spec.firmware > 0) {
    // It ends where the ROM begins, so a range over its end runs into pages that cannot change sides.
    const at = { firstPage: 0, pageCount: spec.firmware, firstGfn: ROM_FIRST_GFN - spec.firmware };
    placements.push({ ...fixed, name: 'firmware', block: 'firmware', ...at, readonly: spec.readonly === 'firmware' });
  }
  placements.push(...placeDevices(spec, HIGH_RAM_FIRST_GFN + highPages));
  const rom = { firstPage: 0, pageCount: ROM_PAGES, firstGfn: ROM_FIRST_GFN };
  return [...placements, { ...fixed, name: 'rom', block: 'rom', ...rom, readonly: true, isRom: true }];
}

/** A device over the block of another one has no section of its own. */
function placeDevices(spec: WorldSpec, afterGfn: number): Placement[] {
  const placements: Placement[] = [];
  let endGfn = afterGfn;
  for (const [deviceIndex, { blockCount, blockPages, memslotBlocks = blockCount, over }] of spec.vmem.entries()) {
    if (over !== undefined) continue;
    const regionGfn = (Math.floor(endGfn / DEVICE_ALIGN_PAGES) + 1) * DEVICE_ALIGN_PAGES;
    const block = `m${deviceIndex}`;
    const isDynamic = spec.vmem[deviceIndex]!.memslotBlocks !== undefined;
    for (let first = 0; first < blockCount; first += memslotBlocks) {
      const memslotIndex = isDynamic ? first / memslotBlocks : -1;
      const firstPage = first * blockPages;
      const pageCount = Math.min(memslotBlocks, blockCount - first) * blockPages;
      const name = isDynamic ? `${block}-memslot${memslotIndex}` : block;
      const at = { firstPage, pageCount, firstGfn: regionGfn + firstPage };
      placements.push({ name, block, ...at, readonly: false, isRom: false, deviceIndex, memslotIndex });
    }
    endGfn = regionGfn + blockCount * blockPages;
  }
  return placements;
}
