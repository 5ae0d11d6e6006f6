// SPDX-License-Identifier: MIT
/**
 * What a shared side on hugetlbfs excuses: it is freed a huge page at a time, so the rest of a huge page stays while any
 * page of it is shared, and goes with the last one.
 */
import type { GuestMemory } from '@sda-lab/guest-memory';
import { blockPageOf, type Layout, type Span } from '../world/layout.ts';

export function hugePagesOf({ section }: Span): number {
  return section.block.hugePages ?? 1;
}

/** Whether the shared side of the page belongs to a huge page that the guest still shares a page of. */
export function isInSharedHugePage(memory: GuestMemory, layout: Layout, span: Span, position: number): boolean {
  const hugePages = hugePagesOf(span);
  if (hugePages === 1) return false;
  const page = blockPageOf(span, position);
  const first = page - (page % hugePages);
  let isShared = false;
  layout.forEachRunOfBlock(span.section.block, first, first + hugePages, (at, from, to) => {
    for (let other = from; other < to; other += 1) {
      isShared ||= memory.sideAt(at.section, blockPageOf(at, other)) === 'shared';
    }
  });
  return isShared;
}
