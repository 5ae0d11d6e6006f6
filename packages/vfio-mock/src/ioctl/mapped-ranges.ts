// SPDX-License-Identifier: MIT
import { type IovaRange, PAGE } from '../geometry.ts';
import type { PageContainer } from '../page-container.ts';

/** Stretches of mappings in [first, end): with an IOMMU behind, all of them count as dirty. */
export function mappedRanges(container: PageContainer, first: number, end: number): IovaRange[] {
  const ranges: { start: bigint; last: bigint }[] = [];
  container.records.forEach(first, end, (record) => {
    const start = BigInt(Math.max(first, record.first)) * PAGE;
    const last = BigInt(Math.min(end, record.first + record.count)) * PAGE - 1n;
    const before = ranges.at(-1);
    if (before !== undefined && before.last + 1n === start) before.last = last;
    else ranges.push({ start, last });
  });
  return ranges;
}
