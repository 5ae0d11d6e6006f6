// SPDX-License-Identifier: MIT
import { GuestMemory, type Section } from '@sda-lab/guest-memory';
import { Layout, type Span } from './layout.ts';
import type { WorldSpec } from './world-spec.ts';

/** 2 GiB: QEMU's q35 keeps at most this much below 4 GiB when there is more. */
const LOW_RAM_MAX_PAGES = 0x80000;
const HIGH_RAM_FIRST_GFN = 0x100000;
const ROM_FIRST_GFN = 0xfffff;
const ROM_PAGES = 1;
/** Device regions start at multiples of this, and never adjoin RAM. */
const DEVICE_ALIGN_PAGES = 0x40000;

/** Blocks and sections of a world, in a fresh guest memory. */
export function buildLayout(spec: WorldSpec): { memory: GuestMemory; layout: Layout } {
  const lowPages = Math.min(Math.ceil(spec.pages / 2), LOW_RAM_MAX_PAGES);
  const highPages = spec.pages - lowPages;
  const deviceGfns = placeDevices(spec, HIGH_RAM_FIRST_GFN + highPages);
  const memory = new GuestMemory({ regime: spec.regime, gfnCount: deviceGfns.endGfn });
  const ram = memory.addBlock('ram', spec.pages, true);
  const spans: Span[] = [];
  let firstPosition = 0;
  const add = (section: Section, kind: { isRom: boolean; deviceIndex: number }): void => {
    memory.addSection(section);
    spans.push({ section, firstPosition, ...kind });
    firstPosition += section.pageCount;
  };
  const bootRam = { isRom: false, deviceIndex: -1 };
  const common = { block: ram, readonly: false };
  add({ name: 'ram-below-4g', firstPage: 0, pageCount: lowPages, firstGfn: 0, ...common }, bootRam);
  if (highPages > 0) {
    const high = { firstPage: lowPages, pageCount: highPages, firstGfn: HIGH_RAM_FIRST_GFN };
    add({ name: 'ram-above-4g', ...high, ...common }, bootRam);
  }
  for (const [deviceIndex, { blockCount, blockPages }] of spec.vmem.entries()) {
    const pageCount = blockCount * blockPages;
    const block = memory.addBlock(`m${deviceIndex}`, pageCount, true);
    const firstGfn = deviceGfns.firstGfns[deviceIndex]!;
    add({ name: `m${deviceIndex}`, block, firstPage: 0, pageCount, firstGfn, readonly: false }, { isRom: false, deviceIndex });
  }
  const rom = memory.addBlock('rom', ROM_PAGES, false);
  const romAt = { firstPage: 0, pageCount: ROM_PAGES, firstGfn: ROM_FIRST_GFN };
  add({ name: 'rom', block: rom, ...romAt, readonly: true }, { isRom: true, deviceIndex: -1 });
  return { memory, layout: new Layout(spans) };
}

function placeDevices(spec: WorldSpec, afterGfn: number): { firstGfns: number[]; endGfn: number } {
  const firstGfns: number[] = [];
  let endGfn = afterGfn;
  for (const { blockCount, blockPages } of spec.vmem) {
    const firstGfn = (Math.floor(endGfn / DEVICE_ALIGN_PAGES) + 1) * DEVICE_ALIGN_PAGES;
    firstGfns.push(firstGfn);
    endGfn = firstGfn + blockCount * blockPages;
  }
  return { firstGfns, endGfn };
}
