// SPDX-License-Identifier: MIT
import { GuestMemory, type MemoryObserver, type RamBlock, type Regime, type Section } from '@sda-lab/guest-memory';

/** x86 in small: block pages 0 to 3 at guest page 0, 4 to 7 at guest page 16 (two aliases), a ROM at 8; holes between. */
export interface Machine {
  readonly memory: GuestMemory;
  readonly ram: RamBlock;
  readonly rom: RamBlock;
  readonly low: Section;
  readonly high: Section;
  readonly romSection: Section;
  /** Returns and forgets what the observer heard. */
  readonly take: () => string[];
}

export function createMachine(regime: Regime): Machine {
  const memory = new GuestMemory({ regime, gfnCount: 32 });
  const ram = memory.addBlock('ram', 8, true);
  const rom = memory.addBlock('rom', 2, false);
  const low: Section = { name: 'low', block: ram, firstPage: 0, pageCount: 4, firstGfn: 0, readonly: false };
  const high: Section = { name: 'high', block: ram, firstPage: 4, pageCount: 4, firstGfn: 16, readonly: false };
  const romSection: Section = { name: 'rom', block: rom, firstPage: 0, pageCount: 2, firstGfn: 8, readonly: true };
  for (const section of [low, high, romSection]) memory.addSection(section);
  let heard: string[] = [];
  memory.observer = listenTo((line) => heard.push(line));
  const take = (): string[] => {
    const lines = heard;
    heard = [];
    return lines;
  };
  return { memory, ram, rom, low, high, romSection, take };
}

function listenTo(hear: (line: string) => void): MemoryObserver {
  return {
    populated: (block, page, _end, side, frame) => hear(`${side} ${block.name} ${page} gets frame ${frame}`),
    discarded: ({ block, firstPage, endPage }, side) => hear(`${side} ${block.name} [${firstPage},${endPage}) discarded`),
    attributesSet: ({ firstGfn, endGfn }, side) => hear(`gfn [${firstGfn},${endGfn}) ${side}`),
    convertedInPlace: ({ block, firstPage, endPage }, side) => hear(`${block.name} [${firstPage},${endPage}) turns ${side}`),
  };
}
