// SPDX-License-Identifier: MIT
import type { GuestMemory } from '@sda-lab/guest-memory';
import { blockPageOf, type Layout, type Span } from '../world/layout.ts';
import { isInSharedHugePage } from './huge-page.ts';
import type { Evidence } from './violation.ts';

/** A page holds one frame over both sides (huge-page.ts has the exception), an unplugged one none; the ROM is nobody's. */
export function findTooMuchMemory(
  memory: GuestMemory,
  layout: Layout,
  span: Span,
  position: number,
  isPlugged: boolean,
): Evidence | undefined {
  if (span.isRom) return undefined;
  const { block } = span.section;
  const page = blockPageOf(span, position);
  const shared = memory.backing(block, page, 'shared');
  const other = memory.backing(block, page, 'private');
  if (shared !== 0 && other !== 0 && !isInSharedHugePage(memory, layout, span, position)) {
    return { reason: 'two-frames', position, detail: `frames ${shared} and ${other}` };
  }
  if (isPlugged || (shared === 0 && other === 0)) return undefined;
  return { reason: 'unplugged-frame', position, detail: `frame ${shared || other}` };
}
