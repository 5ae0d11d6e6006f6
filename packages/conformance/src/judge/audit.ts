// SPDX-License-Identifier: MIT
/**
 * The full audit at rest: `coherent`, `complete` and lingering mappings recomputed from the kernels' own mapping lists
 * and the guest's memory, by code that shares nothing with the judge's incremental tables. A property holds both
 * against each other.
 */
import type { GuestMemory } from '@sda-lab/guest-memory';
import { blockPageOf, gfnOf, type Layout } from '../world/layout.ts';
import type { WatchedContainer } from './watched-container.ts';

/** One finding, as text that sorts. */
export function audit(
  memory: GuestMemory,
  layout: Layout,
  containers: readonly WatchedContainer[],
  isPlugged: (position: number) => boolean,
): string[] {
  const findings: string[] = [];
  for (const container of containers) {
    if (!container.isAttached()) continue;
    const mappedCount = new Map<number, number>();
    container.forEachMapping((firstGfn, pageCount) => {
      for (let gfn = firstGfn; gfn < firstGfn + pageCount; gfn += 1) {
        mappedCount.set(gfn, (mappedCount.get(gfn) ?? 0) + 1);
      }
    });
    for (const span of layout.spans) {
      const end = span.endPosition;
      for (let position = span.firstPosition; position < end; position += 1) {
        const page = blockPageOf(span, position);
        const side = memory.sideAt(span.section, page);
        const isOffered = side === 'shared' || container.privatePages === 'owed';
        const due = isPlugged(position) && isOffered;
        const gfn = gfnOf(span, position);
        const count = mappedCount.get(gfn) ?? 0;
        const backing = memory.backing(span.section.block, page, side);
        const isExcused = isPlugged(position) && container.privatePages === 'allowed' && container.translate(gfn) === backing;
        if (due && count !== 1) findings.push(`complete ${container.name} ${position}`);
        if (!due && count !== 0 && !isExcused) findings.push(`bounded ${container.name} ${position}`);
        if (due && count > 0 && container.translate(gfn) !== backing) {
          findings.push(`coherent ${container.name} ${position}`);
        }
      }
    }
  }
  return findings;
}
