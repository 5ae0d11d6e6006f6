// SPDX-License-Identifier: MIT
import { GuestMemory, type PageStorage, type RamBlock } from '@sda-lab/guest-memory';
import { Layout, type Span } from './layout.ts';
import { placeSections, ROM_PAGES } from './place-sections.ts';
import type { WorldSpec } from './world-spec.ts';

/** Blocks and sections of a world, in a fresh guest memory. Dynamic memslots have a span each, and no section yet. */
export function buildLayout(spec: WorldSpec, storage: PageStorage = 'exact'): { memory: GuestMemory; layout: Layout } {
  const placements = placeSections(spec);
  const gfnCount = Math.max(...placements.map(({ firstGfn, pageCount }) => firstGfn + pageCount));
  const memory = new GuestMemory({ regime: spec.regime, gfnCount, storage });
  const blocks = addBlocks(memory, spec);
  let firstPosition = 0;
  const spans = placements.map(({ block, isRom, deviceIndex, memslotIndex, ...where }): Span => {
    const section = { ...where, block: blocks.get(block)! };
    if (memslotIndex === -1) memory.addSection(section);
    const [toGfn, toPage] = [section.firstGfn - firstPosition, section.firstPage - firstPosition];
    const endPosition = firstPosition + section.pageCount;
    const span = { section, firstPosition, endPosition, toGfn, toPage, isRom, deviceIndex, memslotIndex };
    firstPosition = endPosition;
    return span;
  });
  return { memory, layout: new Layout(spans) };
}

function addBlocks(memory: GuestMemory, { pages, hugetlb, vmem, firmware }: WorldSpec): Map<string, RamBlock> {
  const blocks = [memory.addBlock('ram', pages, true, hugetlb > 1 ? { hugePages: hugetlb } : {})];
  for (const [at, { blockCount, blockPages, over, shared = false }] of vmem.entries()) {
    if (over !== undefined) continue;
    blocks.push(memory.addBlock(`m${at}`, blockCount * blockPages, !shared, { isPluggable: true }));
  }
  if (firmware > 0) blocks.push(memory.addBlock('firmware', firmware, true));
  blocks.push(memory.addBlock('rom', ROM_PAGES, false));
  return new Map(blocks.map((block) => [block.name, block]));
}
